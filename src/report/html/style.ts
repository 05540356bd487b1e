/**
 * Colours by role. Text has a contrast of at least 4.5 to the page and to surfaces, marks at least
 * 3.
 */
const light = `
--page:#faf9f6;--surface:#fff;--ink:#1e2024;--quiet:#5a5e66;--rule:#e2dfd8;--grid:#ebe8e2;
--blind:#ad2a1c;--dim:#8a5a00;--clear:#2c6e5d;--first:#2b62a8;--diag:#8550a8;--bar:#848b97;--link:#234f8c;
--tint-blind:#f8e9e5;--tint-dim:#f7efdc;--tint-clear:#e6f0ec`;
const dark = `
--page:#15171a;--surface:#1c1f23;--ink:#e7e5e0;--quiet:#a4a8af;--rule:#33373d;--grid:#282c31;
--blind:#ff8d7c;--dim:#e6b452;--clear:#7cc8af;--first:#86b4f0;--diag:#c9a0e6;--bar:#7b828d;--link:#9cc0f2;
--tint-blind:#3a211e;--tint-dim:#352b17;--tint-clear:#1b2f29`;

/** The CSS of the page. */
export const style = `
:root{color-scheme:light dark;${light}}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){${dark}}}
:root[data-theme=dark]{color-scheme:dark;${dark}}
:root[data-theme=light]{color-scheme:light}
*{box-sizing:border-box}
html{font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;background:var(--page);color:var(--ink);-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:82rem;padding:2.5rem clamp(1rem,4vw,3rem) 4rem}
h1,h2,h3,.lead,.tile b{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"URW Palladio L",P052,Georgia,serif;font-weight:600;line-height:1.2;text-wrap:balance}
h1{font-size:clamp(1.7rem,1.2rem + 2vw,2.6rem);letter-spacing:-.012em;margin:.2rem 0 .5rem;overflow-wrap:anywhere}
h1 code{font-size:.86em}
h2{font-size:1.5rem;margin:3.5rem 0 .75rem}
h3{font:inherit;font-weight:600;margin:0;overflow-wrap:anywhere}
h4{font-size:1rem;margin:0 0 .5rem}
p{margin:0 0 .8rem}
a{color:var(--link);text-underline-offset:.15em}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:2px}
code{font-family:ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.9em;unicode-bidi:isolate}
.name{overflow-wrap:anywhere}
.prose{max-width:42rem}
.quiet,small,figcaption{color:var(--quiet)}
small,figcaption{font-size:.82rem}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.defs{position:absolute}
.skip{position:absolute;left:1rem;top:-4rem;background:var(--surface);padding:.5rem 1rem}
.skip:focus{top:.5rem}
section{scroll-margin-top:1rem}

header{position:relative}
.eyebrow{display:flex;justify-content:space-between;align-items:center;gap:1rem;min-height:2rem;font-size:.85rem;letter-spacing:.04em;color:var(--quiet);margin-bottom:1rem}
#theme,select,input[type=search]{font:inherit;font-size:.85rem;color:inherit;background:var(--surface);border:1px solid var(--bar);border-radius:6px;padding:.25rem .6rem}
#theme{cursor:pointer;letter-spacing:0}
.subject{color:var(--quiet);margin-bottom:2rem}
.lead{font-size:clamp(1.2rem,1.05rem + .7vw,1.55rem);font-weight:400;line-height:1.4;max-width:46rem;margin-bottom:.8rem}
.tiles{display:flex;flex-wrap:wrap;gap:.75rem;list-style:none;margin:1.75rem 0;padding:0}
.tile{flex:1 1 8rem;max-width:13rem;padding:.8rem 1rem;border-radius:10px;background:var(--surface);border:1px solid var(--rule)}
.tile b{display:block;font-size:1.9rem;line-height:1.1;font-variant-numeric:lining-nums}
.warnings{border-left:4px solid var(--dim);background:var(--tint-dim);padding:.75rem 1rem;border-radius:0 8px 8px 0;margin:1.5rem 0}
.warnings h2{font-size:1rem;margin:0 0 .25rem}.warnings ul{margin:0;padding-left:1.1rem}
.warnings li,.why li,.todo li{overflow-wrap:anywhere}

.todo{list-style:none;margin:0;padding:0;display:grid;gap:.75rem}
.todo>li{background:var(--surface);border:1px solid var(--rule);border-radius:10px;padding:.8rem 1rem}
.todo ul,.why{margin:.35rem 0 0;padding-left:1.1rem}
.advice{max-width:52rem}
.todo ul{max-width:52rem}
.more{margin-top:.75rem}.more summary{cursor:pointer;margin-bottom:.75rem}

.v-blind{--v:var(--blind)}.v-dim{--v:var(--dim)}.v-clear{--v:var(--clear)}.v-unmeasured{--v:var(--dim)}
.fill{fill:var(--v)}.ring{fill:var(--page);stroke:var(--v);stroke-width:2}
.t-blind{--v:var(--blind)}.t-dim{--v:var(--dim)}.t-clear{--v:var(--clear)}.t-unmeasured{--v:var(--dim)}
.verdict{color:var(--v);font-weight:600;white-space:nowrap}
.layers .t-clear.verdict{font-weight:400}
.inline-mark{vertical-align:-.12em;overflow:visible}
svg{display:block;overflow:visible}.inline-mark{display:inline}
.m-first,.b-first{fill:var(--first)}.m-diag,.b-diag{fill:var(--diag)}
.m-kept{fill:var(--page);stroke:var(--ink);stroke-width:1.6}
.m-below{fill:none;stroke:var(--quiet);stroke-width:2}
svg .grid{stroke:var(--grid);stroke-width:1}
svg .chance{stroke:var(--ink);stroke-width:2}
svg .span{stroke:var(--v);stroke-width:2;opacity:.55}
svg .yours,.yours{fill:var(--ink)}svg .shuffled,.shuffled{fill:var(--page);stroke:var(--link);stroke-width:2}
svg .spread{stroke:var(--link);stroke-width:2}svg .effect{stroke:var(--blind);stroke-width:3;opacity:.45}
svg .removed{fill:var(--v,var(--bar));opacity:.5}
svg .limit{stroke:var(--v);stroke-width:1;stroke-dasharray:2 3}
svg .bin{fill:var(--bar)}svg .track{fill:var(--grid)}
svg.axis text{font-size:11px;font-weight:400;fill:var(--quiet)}
.absent{display:block;font-size:.8rem;line-height:1.2;color:var(--quiet)}

.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;list-style:none;margin:0 0 1rem;padding:0;font-size:.85rem;color:var(--quiet)}
.tools{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1.25rem;font-size:.85rem;margin:0 0 1rem}
.tools[hidden]{display:none}
.tools fieldset{display:flex;gap:.75rem;border:0;margin:0;padding:0}
.tools legend{float:left;padding:0;margin-right:.75rem}
.tools output{color:var(--quiet)}
table{border-collapse:collapse;font-variant-numeric:tabular-nums lining-nums}
.layers{width:100%;table-layout:fixed}
.layers thead th{font-size:.8rem;font-weight:600;text-align:left;vertical-align:bottom;color:var(--quiet);padding:.4rem;background:var(--page);position:sticky;top:0;z-index:1;box-shadow:inset 0 -1px var(--rule)}
.layers tbody tr{border-bottom:1px solid var(--rule)}
.layers tbody tr[hidden]{display:none}
.layers tbody th{font-weight:400;text-align:left}
.layers td,.layers tbody th{padding:.2rem .4rem;vertical-align:middle}
.layers small{display:block;font-size:.75rem}
.layers tbody tr:hover{background:var(--surface)}
.c-name{width:23%}.layers .name{font-size:.84rem}.layers th,.layers small{line-height:1.35}.c-verdict{width:5.4rem}.layers .c-chart{width:auto;padding-inline:.9rem}
.c-num{width:4.6rem;font-size:.88rem;white-space:nowrap}
.layers td.c-num.unmeasured{white-space:normal}
.layers th.c-num,.layers td.c-num{text-align:right}.agreements .c-num{width:6.2rem}

.layer{border:1px solid var(--rule);border-radius:10px;background:var(--surface);margin-bottom:.5rem;--page:var(--surface)}
.layer>summary{cursor:pointer;padding:.6rem 1rem}
.summary{display:inline-flex;flex-wrap:wrap;align-items:baseline;gap:.2rem 1rem;width:calc(100% - 1.5rem)}
.summary .quiet{font-size:.85rem}
.layer-body{scroll-margin-top:4.5rem;padding:.75rem 1rem 1rem;border-top:1px solid var(--rule)}
.layer-body>p{max-width:52rem}
.why{margin-bottom:1rem;max-width:52rem}
.columns{display:grid;grid-template-columns:minmax(0,1.15fr) minmax(0,1fr);gap:1rem 2.5rem;margin-top:1rem}
.quantities{width:100%;margin-bottom:1.5rem;font-size:.88rem}
.quantities caption,.channels caption{text-align:left;font-weight:600;padding-bottom:.35rem;overflow-wrap:anywhere}
.quantities th,.quantities td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;border-top:1px solid var(--rule);font-weight:400}
.quantities th{width:5rem;font-weight:600}.quantities .value{width:5.4rem}.value,.channels td,.channels th{white-space:nowrap}
.terms{width:auto;display:block;overflow-x:auto}.terms th{width:auto}.terms .part th{font-weight:400;padding-left:1.25rem}
.formula sub{font-size:.75em;line-height:0}
.formula{display:block;color:var(--quiet);font-family:Cambria,"STIX Two Text",Georgia,"DejaVu Serif",serif;font-style:italic}
.histogram{margin:0 0 .75rem}
.quantiles{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;margin:0 0 1.25rem;font-size:.85rem}
.quantiles dt{color:var(--quiet)}.quantiles dd{margin:0;font-variant-numeric:tabular-nums}
.channels{width:100%;font-size:.85rem;margin-bottom:1.5rem}
.channels th,.channels td{text-align:right;font-weight:400;padding:.2rem 0 .2rem .75rem;border-top:1px solid var(--rule)}
.channels thead th{color:var(--quiet);border:0}
.channels th:first-child{text-align:left;padding-left:0}
.channels .c-bar{width:30%}

.explainer{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,26rem);gap:1rem 3rem;align-items:start}
.picture{margin:0}.picture svg{width:100%;height:auto}
.picture text{font-size:13px;fill:var(--quiet)}.panel-title{font-weight:600}
.zero{stroke:var(--rule);stroke-width:1.5}.fit{stroke:var(--blind);stroke-width:2.2}
.rest{stroke:var(--bar);stroke-width:1}.dot{fill:var(--clear)}
.arrow{fill:none;stroke:var(--quiet);stroke-width:1.8}
.facts{display:grid;gap:0;margin:0}
.facts>div{display:grid;grid-template-columns:9rem minmax(0,1fr);gap:0 1rem;padding:.45rem 0;border-top:1px solid var(--rule)}
.facts dt{color:var(--quiet)}.facts dd{margin:0;overflow-wrap:anywhere}
.hash{font-size:.95em;color:var(--quiet);overflow-wrap:anywhere}
.labels{display:flex;flex-wrap:wrap;gap:.25rem .5rem;list-style:none;margin:0;padding:0}
.labels li{display:grid;justify-items:center;font-size:.8rem;line-height:1.25}
footer{margin-top:3.5rem;padding-top:1rem;border-top:1px solid var(--rule);font-size:.85rem;color:var(--quiet)}

@media (max-width:74rem){
.layers .optional{display:none}
}
@media (max-width:60rem){
.c-name{width:26%}
.columns,.explainer{grid-template-columns:minmax(0,1fr)}
.picture{max-width:26rem}
}
@media (max-width:54rem){
.layers,.layers tbody{display:block}
.layers thead{display:block}.layers thead tr,.layers tbody tr{display:grid;grid-template-columns:1fr auto;gap:0 1rem;padding:.6rem 0}
.layers thead th:not(.c-chart){display:none}.layers thead .c-chart{position:static;box-shadow:none}
.layers .c-chart{grid-column:1/-1;padding:.1rem 0;width:auto}
.layers thead tr{border-bottom:1px solid var(--rule);padding:0 0 .3rem}
.layers td,.layers tbody th,.c-name,.c-verdict,.c-num{width:auto;padding:0}
.layers td.c-num{display:inline-block;text-align:left;grid-column:1/-1;font-size:.8rem}
.layers td.optional{display:inline-block}
.layers td.c-num::before{content:attr(data-label) " ";color:var(--quiet)}
.layers tbody tr{grid-template-columns:1fr 1fr 1fr}
.layers tbody .c-name{grid-column:1/3}.layers tbody .c-verdict{justify-self:end;align-self:start}
.layers td.c-num{grid-column:auto}
.quantities,.quantities caption,.quantities tbody{display:block}
.quantities tr{display:grid;grid-template-columns:5rem 1fr;border-top:1px solid var(--rule);padding:.3rem 0}
.quantities th,.quantities td{border:0;padding:0}.quantities td:last-child{grid-column:1/-1}
.facts>div{grid-template-columns:1fr}
.channels .c-bar{display:none}.channels{font-size:.78rem}.channels th,.channels td{padding-left:.35rem}
}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
@media (forced-colors:active){svg *{forced-color-adjust:none}}
@media print{
:root,:root:not([data-theme=light]),:root[data-theme=dark]{color-scheme:light;${light};--page:#fff}
html{font-size:10.5pt}body{max-width:none;padding:0}
.tools,#theme,.skip,.back{display:none!important}
.layers thead th{position:static}
tr,.todo>li,.tile,figure{break-inside:avoid}h2,h3{break-after:avoid}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
`;
