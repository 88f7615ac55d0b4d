// The same figures as text: tables, and the facts about the machine.
import {escaped, fixed} from "./format.js";
import {metricsIn} from "./scaling.js";
import {fill} from "./text.js";
import {callsIn, categories, lanesOf, totalsOf, withCalls, withLanes} from "./traces.js";

/// @param rows  the first cell of each is its head
function table(id, caption, heads, rows) {
    const head = heads.map((text) => `<th scope="col">${escaped(text)}</th>`).join("");
    const body = rows.map(([first, ...cells]) => `<tr><th scope="row">${escaped(first)}</th>` +
        cells.map((cell) => `<td>${escaped(cell)}</td>`).join("") + "</tr>");
    return `<div class="scroll" tabindex="0" role="region" aria-label="${escaped(caption)}"><table id="${id}">` +
        `<caption>${escaped(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

function metricTitles(metrics, results, words) {
    const base = results.rows.find((row) => row.relative)?.relative.to;
    return metrics.map(({key}) => fill(words.metric[key], {to: base}));
}

export function figuresTable(results, words) {
    const metrics = metricsIn(results);
    const cell = (spread, metric) => {
        if (!spread) return "-";
        const range = spread.least < spread.greatest
            ? ` (${fixed(spread.least, metric)}–${fixed(spread.greatest, metric)})` : "";
        return fixed(spread.median, metric) + range;
    };
    const rows = results.rows.map((row) => [row.server, row.clients, ...metrics.map((m) => cell(row[m.key], m)),
        row.unserved_clients, row.errors]);
    return table("figures", words.spread,
        [words.server, words.clients, ...metricTitles(metrics, results, words), words.unserved, words.errors], rows);
}

const ofRound = {
    echoes_per_second: (round) => round.echoes_per_second,
    p50_ms: (round) => round.latency_ms?.p50,
    p99_ms: (round) => round.latency_ms?.p99,
    cpu_ms_per_1000_echoes: (round) => round.cpu_ms_per_1000_echoes,
    peak_threads: (round) => round.peak_threads,
    peak_memory_mb: (round) => round.peak_memory_bytes == null ? null : round.peak_memory_bytes / 1e6,
    kib_per_idle_client: (round) => round.kib_per_idle_client,
    wineserver_requests_per_echo: (round) => round.wineserver_requests_per_echo,
};

export function roundsTable(results, words) {
    const metrics = metricsIn(results).filter(({key}) => ofRound[key]);
    const rows = results.rows.flatMap((row) => row.rounds.map((round, index) => [row.server, row.clients, index + 1,
        ...metrics.map((metric) => {
            const value = ofRound[metric.key](round);
            return value == null ? "-" : fixed(value, metric);
        }), round.unserved_clients, Object.values(round.errors).reduce((sum, count) => sum + count, 0)]));
    return table("rounds", words.rounds, [words.server, words.clients, words.round,
        ...metricTitles(metrics, results, words), words.unserved, words.errors], rows);
}

export function callsTables(results, words) {
    const traces = withCalls(results);
    const byCall = (key) => callsIn(results).map((name) => [name,
        ...traces.map((trace) => trace[key]?.[name] == null ? "-" : fixed(trace[key][name], {digits: 3}))]);
    const heads = [words.call, ...traces.map((trace) => trace.server)];
    return table("calls", words.calls, heads, byCall("calls_per_echo")) +
        table("blocked", words.blocked, heads, byCall("blocked_ms_per_call"));
}

export function lanesTable(results, words) {
    const rows = withLanes(results).flatMap((trace) => lanesOf(trace, words).map((lane) => {
        const totals = totalsOf(lane);
        return [trace.server, lane.title, ...categories.map((category) => fixed(totals[category], {digits: 1}))];
    }));
    return table("lanes", words.totals,
        [words.server, words.lane, ...categories.map((category) => words.category[category])], rows);
}

function buildOf(info, words) {
    if (!info) return "-";
    return `${info.compiler}, ${info.configuration}, ${info.target} (${words.fact.commit} ${info.commit})`;
}

export function facts(results, words) {
    const {machine, settings} = results;
    const load = fill(settings.visits ? words.visit : words.message, settings) +
        (settings.idle > 0 ? "; " + fill(words.idle, {n: settings.idle}) : "");
    const wine = machine.wine && `${machine.wine}; ${machine.load_runs_under_wine ? words.loadWine : words.loadNative}`;
    const all = {
        began: results.began,
        system: `${machine.system} ${machine.system_version}`,
        wine,
        processor: fill(words.processors, {n: machine.processors, name: machine.processor}),
        memory: `${fixed(machine.memory_bytes / 2 ** 30, {digits: 1})} GiB`,
        servers: buildOf(machine.servers_build, words),
        tools: buildOf(machine.tools_build, words),
        load,
        rounds: fill(words.windows, {n: settings.rounds, s: settings.seconds, w: settings.warm_up}),
        pinned: settings.pinned ? words.pinned : words.notPinned,
    };
    return Object.entries(all).filter(([, value]) => value)
        .map(([key, value]) => `<dt>${words.fact[key]}</dt><dd>${escaped(value)}</dd>`).join("");
}
