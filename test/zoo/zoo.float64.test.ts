import { describeZoo } from "./zoo.js";

describeZoo("float64");
