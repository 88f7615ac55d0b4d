// What the traces say: the API calls per echo, as stacked bars, and where each thread waits, on one time axis.
import {escaped, fixed} from "./format.js";
import {callColour, categoryColours} from "./theme.js";

const text = (theme) => ({color: theme.text, fontSize: 13});

export const withCalls = (results) => (results.traces ?? []).filter((trace) => trace.calls_per_echo);
export const withLanes = (results) => (results.traces ?? []).filter((trace) => trace.threads?.length > 0);

/// The names of the calls, the one with the most calls first.
export function callsIn(results) {
    const sums = new Map();
    for (const trace of withCalls(results))
        for (const [name, count] of Object.entries(trace.calls_per_echo)) sums.set(name, (sums.get(name) ?? 0) + count);
    return [...sums].sort((a, b) => b[1] - a[1]).map(([name]) => name);
}

export function callsOption(results, {words, theme}) {
    const traces = withCalls(results);
    return {
        animation: false,
        aria: {enabled: true, label: {enabled: false}, decal: {show: true}},
        legend: {top: 0, textStyle: text(theme), type: "plain"},
        grid: {left: 8, right: 24, top: 64, bottom: 28, outerBoundsMode: "same", outerBoundsContain: "axisLabel"},
        xAxis: {type: "value", name: words.perEcho, nameLocation: "middle", nameGap: 26, nameTextStyle: text(theme),
            axisLabel: text(theme), splitLine: {lineStyle: {color: theme.line}}},
        yAxis: {type: "category", inverse: true, data: traces.map((trace) => trace.server), axisLabel: text(theme),
            axisLine: {lineStyle: {color: theme.faint}}},
        tooltip: {trigger: "axis", axisPointer: {type: "shadow"}, confine: true, backgroundColor: theme.panel,
            borderColor: theme.faint, textStyle: text(theme), valueFormatter: (value) => fixed(value ?? 0, {digits: 2})},
        series: callsIn(results).map((name, index) => ({
            name, type: "bar", stack: "calls", color: callColour(index), barMaxWidth: 32,
            itemStyle: {borderColor: theme.panel, borderWidth: 1},
            data: traces.map((trace) => trace.calls_per_echo[name] ?? 0),
        })),
    };
}

/// The lanes of a trace from top to bottom: {title, slices}, of the threads and then of the clients.
export function lanesOf(trace, words) {
    const threads = trace.threads.map(({tid, name, slices}) => ({title: name || `${words.thread} ${tid}`, slices}));
    const clients = (trace.clients ?? []).map(({name, slices}) => ({
        title: `${words.clientLane}: ${name}`, slices: slices.map((slice) => ({...slice, cat: "client"})),
    }));
    return [...threads, ...clients];
}

export function endOf(results) {
    let end = 0;
    for (const trace of withLanes(results))
        for (const {slices} of [...trace.threads, ...(trace.clients ?? [])])
            for (const slice of slices) end = Math.max(end, slice.start_us + slice.duration_us);
    return end / 1000;
}

// Callbacks run within a wait, and calls within callbacks: each kind is lower, so that all remain to be seen.
const heights = {wait: 0.85, callback: 0.65, call: 0.45, client: 0.6};

function drawSlice(params, api) {
    const category = categories[api.value(3)];
    const [x, y] = api.coord([api.value(0), api.value(2)]);
    const height = api.size([0, 1])[1] * heights[category];
    const left = Math.max(x, params.coordSys.x);
    const right = Math.min(api.coord([api.value(1), 0])[0], params.coordSys.x + params.coordSys.width);
    if (right < left) return null;
    return {
        type: "rect",
        shape: {x: left, y: y - height / 2, width: Math.max(right - left, 1), height},
        style: {fill: categoryColours[category], opacity: category === "wait" ? 0.55 : 1},
    };
}

export const categories = Object.keys(heights);

// An operation that one thread started and another one saw end.
const drawMove = (theme) => (params, api) => {
    const [x1, y1] = api.coord([api.value(0), api.value(2)]);
    const [x2, y2] = api.coord([api.value(1), api.value(3)]);
    const {x, width} = params.coordSys;
    if (x2 < x || x1 > x + width) return null;
    return {type: "line", shape: {x1, y1, x2, y2}, style: {stroke: theme.text, lineWidth: 1, opacity: 0.55}};
};

function movesOf(trace, {words, theme}) {
    const lane = new Map(trace.threads.map(({tid}, index) => [tid, index]));
    return {
        name: words.move, type: "custom", renderItem: drawMove(theme), color: theme.text, clip: true, z: 3,
        encode: {x: [0, 1], y: [2, 3]}, dimensions: ["start", "end", "from", "to"],
        data: (trace.moves ?? []).filter(({from, to}) => lane.has(from) && lane.has(to)).map((move) => ({
            value: [move.start_us / 1000, move.end_us / 1000, lane.get(move.from), lane.get(move.to)], name: words.move,
        })),
    };
}

export function timelineOption(trace, end, {words, theme}) {
    const lanes = lanesOf(trace, words);
    const series = categories.map((category, index) => ({
        name: words.category[category],
        type: "custom",
        renderItem: drawSlice,
        color: categoryColours[category],
        encode: {x: [0, 1], y: 2},
        dimensions: ["start", "end", "lane", "category", "call"],
        clip: true,
        data: lanes.flatMap(({slices}, lane) => slices.filter((slice) => slice.cat === category).map((slice) => ({
            value: [slice.start_us / 1000, (slice.start_us + slice.duration_us) / 1000, lane, index],
            name: slice.name,
        }))),
    }));
    return {
        animation: false,
        grid: {left: 150, right: 16, top: 8, bottom: 40},
        xAxis: {type: "value", min: 0, max: end, name: words.time, nameLocation: "middle", nameGap: 24,
            nameTextStyle: text(theme), axisLabel: {...text(theme), formatter: (ms) => String(Number(ms.toFixed(3)))},
            splitLine: {lineStyle: {color: theme.line}}, axisPointer: {show: true, label: {show: false}}},
        yAxis: {type: "category", inverse: true, data: lanes.map(({title}) => title), axisTick: {show: false},
            axisLabel: {...text(theme), width: 136, overflow: "truncate", interval: 0},
            splitLine: {show: true, lineStyle: {color: theme.line}}},
        dataZoom: [{type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, filterMode: "weakFilter"}],
        tooltip: {
            confine: true, backgroundColor: theme.panel, borderColor: theme.faint, textStyle: text(theme),
            formatter: ({name, value, seriesName}) => `<b>${escaped(name)}</b> (${seriesName})<br>` +
                `${words.began} ${fixed(value[0], {digits: 3})} ms<br>` +
                `${words.took} ${fixed(value[1] - value[0], {digits: 3})} ms`,
        },
        series: [...series, movesOf(trace, {words, theme})],
    };
}

/// The milliseconds that a lane spends in each category, for the table.
export function totalsOf(lane) {
    const sums = Object.fromEntries(categories.map((category) => [category, 0]));
    for (const slice of lane.slices) sums[slice.cat] += slice.duration_us / 1000;
    return sums;
}
