// The page: it is written anew whenever language, theme, or the choice of servers changes.
import {BarChart, CustomChart, LineChart} from "echarts/charts";
import {AriaComponent, DataZoomInsideComponent, GridComponent, LegendComponent, TooltipComponent} from "echarts/components";
import * as echarts from "echarts/core";
import {CanvasRenderer, SVGRenderer} from "echarts/renderers";

import {escaped} from "./format.js";
import {recall, remember} from "./memory.js";
import {clientsIn, metricsIn, scalingOption, serversIn} from "./scaling.js";
import {callsTables, facts, figuresTable, lanesTable, roundsTable} from "./tables.js";
import {fill, languages} from "./text.js";
import {categoryColours, serverStyles, symbolSvg, themeColours} from "./theme.js";
import {callsOption, categories, endOf, lanesOf, timelineOption, withCalls, withLanes} from "./traces.js";

echarts.use([BarChart, CustomChart, LineChart, AriaComponent, DataZoomInsideComponent, GridComponent, LegendComponent,
    TooltipComponent, CanvasRenderer, SVGRenderer]);

const results = JSON.parse(document.getElementById("results").textContent);
const darkWanted = matchMedia("(prefers-color-scheme: dark)");
const printing = matchMedia("print");
const state = {
    language: recall("language") ?? (navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en"),
    theme: recall("theme"), // null: the system's
    hidden: new Set(),
    from: 0,
    to: clientsIn(results).length - 1,
    window: [0, 100], // of the timelines, in percent
};
if (!languages[state.language]) state.language = "en";
const charts = new Map(); // by the element's id
window.report = {charts, results}; // for the test and the curious

const root = document.createElement("div");
document.body.append(root);
const wordsNow = () => languages[state.language];
const isDark = () => !printing.matches && (state.theme ?? (darkWanted.matches ? "dark" : "light")) === "dark";

function titleOf(metric, words) {
    const base = results.rows.find((row) => row.relative)?.relative.to;
    return fill(words.metric[metric.key], {to: base});
}

const figure = (id, title, note = "", height = "") => `<figure><h3 id="title-${id}">${escaped(title)}` +
    `${note && ` <small>${note}</small>`}</h3><div class="chart" id="${id}" tabindex="0" role="img" ` +
    `aria-labelledby="title-${id}"${height && ` style="height:${height}px"`}></div></figure>`;

function pageHtml(words, styles) {
    const clients = clientsIn(results);
    const select = (id, label, chosen) => `<label for="${id}">${label}</label><select id="${id}">` +
        clients.map((n, i) => `<option value="${i}"${i === chosen ? " selected" : ""}>${n}</option>`).join("") + "</select>";
    const buttons = serversIn(results).map((server, i) => `<button type="button" data-server="${i}" aria-pressed=` +
        `"${!state.hidden.has(server)}">${symbolSvg(styles[server])} ${escaped(server)}</button>`).join("");
    const oneRound = results.rows.every((row) => row.rounds.length < 2) ? `<p>${words.oneRound}</p>` : "";
    const {machine} = results;
    const subtitle = `${machine.wine ? `Wine ${machine.wine} · ` : ""}${machine.system} ${machine.system_version} · ` +
        `${fill(words.processors, {n: machine.processors, name: machine.processor})} · ${results.began}`;
    const bar = `<div class="bar" role="group" aria-label="${words.controls}">${buttons}<span class="zoom">` +
        `${select("from", words.from, state.from)}${select("to", words.to, state.to)}` +
        `<button type="button" id="all">${words.showAll}</button></span></div>`;
    let html = `<header><h1>${words.title}</h1><button type="button" id="language" lang="` +
        `${state.language === "ko" ? "en" : "ko"}">${words.language}</button><button type="button" id="theme">` +
        `${isDark() ? words.toLight : words.toDark}</button><button type="button" id="print">${words.print}</button>` +
        `<p class="subtitle">${escaped(subtitle)}</p></header><main>` +
        "<section>" + bar + `<h2>${words.scaling}</h2><p class="help">${words.help}</p>${oneRound}<div class="charts">` +
        metricsIn(results).map((m) => figure(m.key, titleOf(m, words), m.log && words.log)).join("") + "</div></section>";
    if (machine.wine) html += `<aside class="warning"><h2>${words.warning}</h2><p>${words.wine}</p></aside>`;
    if (withCalls(results).length > 0) {
        const height = 110 + 40 * withCalls(results).length;
        html += `<section class="wide"><h2>${words.calls}</h2><p class="help">` +
            `${fill(words.callsHelp, {n: withCalls(results)[0].message_clients})}</p>${figure("calls-chart", words.calls, "", height)}` +
            `${callsTables(results, words)}</section>`;
    }
    if (withLanes(results).length > 0) html += timelinesHtml(words);
    return html + `<section><h2>${words.figures}</h2>${figuresTable(results, words)}` +
        `<details><summary>${words.rounds}</summary>${roundsTable(results, words)}</details></section>` +
        `<section><h2>${words.machine}</h2><dl>${facts(results, words)}</dl></section></main>`;
}

function timelinesHtml(words) {
    const keys = categories.map((category) => `<span class="key" style="background:${categoryColours[category]}"></span>` +
        words.category[category]).join("") + `<span class="key line"></span>${words.move}`;
    const buttons = ["zoomIn", "zoomOut", "left", "right", "whole"].map((step) =>
        `<button type="button" data-step="${step}">${words[step]}</button>`).join(" ");
    return `<section class="wide"><h2>${words.timelines}</h2><p class="help">${words.scenario} ${words.timelineHelp}</p><p>${keys}</p>` +
        `<p class="help">${buttons}</p>` +
        withLanes(results).map((trace, i) => figure(`timeline-${i}`, trace.server, "",
            56 + 24 * lanesOf(trace, words).length)).join("") + `${lanesTable(results, words)}</section>`;
}

function draw(id, option, group, renderer) {
    const chart = echarts.init(document.getElementById(id), null, {renderer});
    chart.setOption(option);
    chart.group = group;
    charts.set(id, chart);
    return chart;
}

function zoomScaling() {
    for (const metric of metricsIn(results))
        charts.get(metric.key).dispatchAction({type: "dataZoom", startValue: state.from, endValue: state.to}, {silent: true});
}

function zoomTimelines() {
    const [start, end] = state.window;
    charts.get("timeline-0").dispatchAction({type: "dataZoom", start, end});
}

function step(name) {
    const [start, end] = state.window;
    const middle = (start + end) / 2, width = end - start;
    const windowOf = (centre, size) => {
        const first = Math.min(Math.max(centre - size / 2, 0), 100 - size);
        return [first, first + size];
    };
    state.window = {
        zoomIn: () => windowOf(middle, Math.max(width / 2, 0.01)),
        zoomOut: () => windowOf(middle, Math.min(width * 2, 100)),
        left: () => windowOf(middle - width / 4, width),
        right: () => windowOf(middle + width / 4, width),
        whole: () => [0, 100],
    }[name]();
    zoomTimelines();
}

function keepRange(from, to) {
    [state.from, state.to] = [from, to];
    document.getElementById("from").value = from;
    document.getElementById("to").value = to;
}

function setRange(from, to) {
    keepRange(Math.min(from, to), Math.max(from, to));
    zoomScaling();
}

function scalingKey(event, chart) {
    const last = clientsIn(results).length - 1;
    const move = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (move) {
        const index = state.pointed === undefined ? (move > 0 ? state.from : state.to) : state.pointed + move;
        state.pointed = Math.min(Math.max(index, state.from), state.to);
        // seen from the zoomed data
        chart.dispatchAction({type: "showTip", seriesIndex: 0, dataIndex: state.pointed - state.from});
    } else if (event.key === "+" || event.key === "=") {
        if (state.to > state.from) setRange(state.from + 1, state.to);
    } else if (event.key === "-") {
        setRange(Math.max(state.from - 1, 0), Math.min(state.to + 1, last));
    } else if (event.key === "Escape") {
        chart.dispatchAction({type: "hideTip"});
    } else {
        return;
    }
    event.preventDefault();
}

function timelineKey(event) {
    const name = {"+": "zoomIn", "=": "zoomIn", "-": "zoomOut", ArrowLeft: "left", ArrowRight: "right", 0: "whole"}[event.key];
    if (!name) return;
    step(name);
    event.preventDefault();
}

function drawCharts(words, theme, styles) {
    for (const chart of charts.values()) chart.dispose();
    charts.clear();
    for (const metric of metricsIn(results)) {
        const chart = draw(metric.key, scalingOption(results, metric, {words, theme, styles, hidden: state.hidden}),
            "scaling", "svg");
        chart.getDom().onkeydown = (event) => scalingKey(event, chart);
        chart.on("datazoom", () => {
            const [{startValue, endValue}] = chart.getOption().dataZoom;
            keepRange(startValue, endValue);
        });
    }
    zoomScaling();
    echarts.connect("scaling");
    if (withCalls(results).length > 0) draw("calls-chart", callsOption(results, {words, theme}), "calls", "svg");
    withLanes(results).forEach((trace, i) => {
        const chart = draw(`timeline-${i}`, timelineOption(trace, endOf(results), {words, theme}), "timelines", "canvas");
        chart.getDom().onkeydown = timelineKey;
        chart.on("datazoom", () => {
            const [{start, end}] = chart.getOption().dataZoom;
            state.window = [start, end];
        });
    });
    echarts.connect("timelines");
    if (withLanes(results).length > 0) zoomTimelines();
}

function listen() {
    const on = (id, type, action) => document.getElementById(id).addEventListener(type, action);
    on("language", "click", () => {
        state.language = state.language === "ko" ? "en" : "ko";
        remember("language", state.language);
        render("#language");
    });
    on("theme", "click", () => {
        state.theme = isDark() ? "light" : "dark";
        remember("theme", state.theme);
        render("#theme");
    });
    on("print", "click", () => window.print());
    on("all", "click", () => {
        Object.assign(state, {hidden: new Set(), from: 0, to: clientsIn(results).length - 1});
        render("#all");
    });
    on("from", "change", (event) => setRange(Number(event.target.value), state.to));
    on("to", "change", (event) => setRange(state.from, Number(event.target.value)));
    for (const button of root.querySelectorAll("[data-server]")) {
        button.addEventListener("click", () => {
            const server = serversIn(results)[button.dataset.server];
            if (!state.hidden.delete(server)) state.hidden.add(server);
            render(`[data-server="${button.dataset.server}"]`);
        });
    }
    for (const button of root.querySelectorAll("[data-step]"))
        button.addEventListener("click", () => step(button.dataset.step));
}

/// @param focus  selects the element that keeps the keyboard's focus
function render(focus) {
    const words = wordsNow();
    document.documentElement.lang = state.language;
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
    document.title = words.title;
    const theme = themeColours();
    const styles = serverStyles(serversIn(results), theme);
    const y = scrollY;
    root.innerHTML = pageHtml(words, styles);
    drawCharts(words, theme, styles);
    listen();
    scrollTo(0, y);
    if (focus) root.querySelector(focus).focus({preventScroll: true});
}

render();
darkWanted.addEventListener("change", () => render());
printing.addEventListener("change", () => render());
let resizing;
addEventListener("resize", () => {
    cancelAnimationFrame(resizing);
    resizing = requestAnimationFrame(() => charts.forEach((chart) => chart.resize()));
});
