// Opens the report that the last `course compare` wrote, in Chromium: node --test common/tools/report/test
import assert from "node:assert/strict";
import {existsSync, readFileSync} from "node:fs";
import {join} from "node:path";
import {after, before, test} from "node:test";
import {pathToFileURL} from "node:url";

import {build, launch, report} from "./browser.mjs";

const results = JSON.parse(readFileSync(join(build, "compare", "results.json"), "utf8"));
const clients = [...new Set(results.rows.map((row) => row.clients))].sort((a, b) => a - b);
const servers = [...new Set(results.rows.map((row) => row.server))];
const rowOf = (server, n) => results.rows.find((row) => row.server === server && row.clients === n);

let browser, page;
const complaints = [], requests = [];

before(async () => {
    assert.ok(existsSync(report), "there is no build/compare/report.html: run ./course compare --quick");
    browser = await launch();
    page = await open({locale: "en-US", viewport: {width: 1280, height: 720}});
}, {timeout: 60_000});

after(() => browser?.close());

/// @param data  JSON in place of the report's own results
async function open(options, data) {
    const opened = await (await browser.newContext(options)).newPage();
    opened.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    opened.on("pageerror", (error) => complaints.push(error.message));
    opened.on("request", (request) => requests.push(request.url()));
    if (data) {
        const template = readFileSync(join(build, "report", "template.html"), "utf8");
        await opened.setContent(template.replace(">RESULTS<", () => `>${data}<`));
    } else {
        await opened.goto(pathToFileURL(report).href);
    }
    return opened;
}

const option = (id) => page.evaluate((name) => {
    const {series, dataZoom, xAxis} = window.report.charts.get(name).getOption();
    return JSON.parse(JSON.stringify({series, dataZoom, xAxis}));
}, id);
const shownTips = () => page.evaluate(() => [...window.report.charts].filter(([, chart]) =>
    [...chart.getDom().querySelectorAll("div")].some((div) => div.querySelector("table") &&
        getComputedStyle(div).visibility === "visible" && getComputedStyle(div).opacity !== "0"))
    .map(([id]) => id));
const scalingIds = () => page.evaluate(() =>
    [...window.report.charts].filter(([, chart]) => chart.group === "scaling").map(([id]) => id));

test("each chart of the figures has the data of results.json", async () => {
    const ids = await scalingIds();
    const expected = ["echoes_per_second", "p50_ms", "p99_ms", "cpu_ms_per_1000_echoes", "peak_threads",
        "peak_memory_mb", "relative", "kib_per_idle_client", "wineserver_requests_per_echo"]
        .filter((key) => results.rows.some((row) => row[key]));
    assert.deepEqual([...ids].sort(), [...expected].sort());
    for (const id of ids) {
        const {series, xAxis} = await option(id);
        assert.deepEqual(xAxis[0].data, clients.map(String));
        const lines = series.filter(({type}) => type === "line");
        assert.deepEqual(lines.map(({name}) => name), servers);
        for (const {name, data} of lines)
            assert.deepEqual(data, clients.map((n) => rowOf(name, n)[id]?.median ?? null), `${id} of ${name}`);
        for (const {name, data} of series.filter(({type}) => type === "custom")) {
            const spread = clients.map((n, index) => [index, rowOf(name, n)[id]?.least, rowOf(name, n)[id]?.greatest]);
            assert.deepEqual(data, spread.filter(([, least, greatest]) => least < greatest), `spread, ${id} of ${name}`);
        }
    }
});

test("the charts of the traces are there if, and only if, there are traces", async () => {
    const traces = results.traces ?? [];
    const called = traces.filter((trace) => trace.calls_per_echo);
    assert.equal(await page.locator("#calls-chart").count(), called.length > 0 ? 1 : 0);
    if (called.length > 0)
        for (const {name, data} of (await option("calls-chart")).series)
            assert.deepEqual(data, called.map((trace) => trace.calls_per_echo[name] ?? 0), name);
    const timed = traces.filter((trace) => trace.threads?.length > 0);
    assert.equal(await page.locator("[id^=timeline-]").count(), timed.length);
    for (const [index, {threads, moves = [], clients: loads = []}] of timed.entries()) {
        const drawn = (await option(`timeline-${index}`)).series.reduce((sum, {data}) => sum + data.length, 0);
        assert.equal(drawn, [...threads, ...loads].reduce((sum, {slices}) => sum + slices.length, moves.length));
    }
});

// Their figures are made up: only how the page draws what it is given is looked at.
test("calls and lanes given to the page are drawn, and zoomed together", async () => {
    const slices = [{name: "recv", cat: "wait", start_us: 0, duration_us: 900},
        {name: "send", cat: "call", start_us: 900, duration_us: 100}];
    const traces = ["one", "<two>"].map((server) => ({server, calls_per_echo: {recv: 1.5, send: 1},
        blocked_ms_per_call: {recv: 0.9}, message_clients: 3, threads: [{tid: 7, name: "main", slices},
            {tid: 8, name: "", slices: []}], moves: [{from: 7, to: 8, start_us: 500, end_us: 1500}],
        clients: [{name: "chatty", slices: [{name: "echo", start_us: 0, duration_us: 2000}]}]}));
    const drawn = await open({locale: "en-US"}, JSON.stringify({...results, traces}).replaceAll("<", "\\u003c"));
    const read = await drawn.evaluate(() => Object.fromEntries([...window.report.charts].map(([id, chart]) =>
        [id, chart.getOption().series.map(({name, data}) => ({name, data}))])));
    assert.deepEqual(read["calls-chart"], [{name: "recv", data: [1.5, 1.5]}, {name: "send", data: [1, 1]}]);
    assert.deepEqual(read["timeline-1"].map(({data}) => data.map(({value}) => value.slice(0, 3))),
        [[[0, 0.9, 0]], [], [[0.9, 1, 0]], [[0, 2, 2]], [[0.5, 1.5, 0]]]);
    assert.match(await drawn.locator("#blocked").innerText(), /recv\s+0\.900\s+0\.900/);
    await drawn.focus("#timeline-0");
    await drawn.keyboard.press("+");
    await drawn.waitForFunction(() => window.report.charts.get("timeline-1").getOption().dataZoom[0].start === 25);
    await drawn.context().close();
});

test("the table has every row, and the facts name the machine", async () => {
    assert.equal(await page.locator("#figures tbody tr").count(), results.rows.length);
    const first = await page.locator("#figures tbody tr").first().innerText();
    assert.ok(first.includes(results.rows[0].server));
    assert.equal(await page.locator("#rounds tbody tr").count(),
        results.rows.reduce((sum, row) => sum + row.rounds.length, 0));
    assert.ok((await page.locator("dl").innerText()).includes(results.machine.processor));
    assert.equal(await page.locator(".warning").count(), results.machine.wine ? 1 : 0);
});

test("the language is the browser's, changes by the keyboard, and is remembered", async () => {
    const korean = await open({locale: "ko-KR"});
    assert.equal(await korean.getAttribute("html", "lang"), "ko");
    await korean.context().close();
    assert.equal(await page.getAttribute("html", "lang"), "en");
    await page.focus("#language");
    await page.keyboard.press("Enter");
    assert.match(await page.locator("h1").innerText(), /에코 서버/);
    await page.reload();
    assert.equal(await page.getAttribute("html", "lang"), "ko");
    await page.click("#language");
    assert.equal(await page.getAttribute("html", "lang"), "en");
});

test("dark and light follow the system until one is chosen", async () => {
    await page.emulateMedia({colorScheme: "dark"});
    await page.waitForSelector("html[data-theme=dark]");
    await page.click("#theme");
    assert.equal(await page.getAttribute("html", "data-theme"), "light");
});

test("pointing at one chart shows the figures in all", async () => {
    const ids = await scalingIds();
    await page.locator(`#${ids[0]}`).scrollIntoViewIfNeeded();
    const box = await page.locator(`#${ids[0]}`).boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.move(box.x + box.width / 2 + 2, box.y + box.height / 2);
    await page.waitForFunction((n) => [...document.querySelectorAll(".chart table")].length === n, ids.length);
    assert.deepEqual(await shownTips(), ids);
    const text = await page.locator(`#${ids[0]} table`).innerText();
    for (const server of servers) assert.ok(text.includes(server), server);
});

test("zoom reaches all charts: by the keyboard, and by the lists", async () => {
    const ids = await scalingIds();
    if (clients.length > 1) {
        await page.focus(`#${ids[0]}`);
        await page.keyboard.press("+");
        for (const id of ids) assert.equal((await option(id)).dataZoom[0].startValue, 1, id);
        await page.selectOption("#from", "0");
        for (const id of ids) assert.equal((await option(id)).dataZoom[0].startValue, 0, id);
    }
    await page.click("[data-server='0']");
    assert.ok(!(await option(ids[0])).series.some(({name}) => name === servers[0]));
    await page.click("#all");
    assert.ok((await option(ids[0])).series.some(({name}) => name === servers[0]));
});

test("printed it is light, without buttons, and no chart is wider than the page", async () => {
    await page.emulateMedia({media: "print", colorScheme: "dark"});
    await page.waitForSelector("html[data-theme=light]");
    assert.equal(await page.locator("button:visible").count(), 0);
    const widths = await page.evaluate(() => [...document.querySelectorAll(".chart")].map((chart) =>
        [chart.firstElementChild.getBoundingClientRect().width, chart.clientWidth]));
    for (const [drawn, room] of widths) assert.ok(drawn <= room + 1, `${drawn} in ${room}`);
    assert.ok((await page.pdf({preferCSSPageSize: true})).length > 10_000);
    await page.emulateMedia({media: "screen"});
});

test("a phone's width needs no scrolling sideways", async () => {
    await page.setViewportSize({width: 390, height: 844});
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
});

test("nothing was written to the console, and nothing was asked of the network", () => {
    assert.deepEqual(complaints, []);
    assert.deepEqual(requests.filter((url) => !/^(file|data|blob):/.test(url)), []);
});
