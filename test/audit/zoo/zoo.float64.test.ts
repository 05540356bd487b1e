import { describeZoo } from "../../support/zoo/describe-zoo.js";

describeZoo("float64");
