// The charts of how the servers scale: a figure against the number of clients, a line per server, its spread as bars.
import {escaped, fixed} from "./format.js";
import {fill} from "./text.js";

export const metrics = [
    {key: "echoes_per_second", digits: 0},
    {key: "relative", digits: 2},
    {key: "p50_ms", digits: 2, log: true},
    {key: "p99_ms", digits: 2, log: true},
    {key: "cpu_ms_per_1000_echoes", digits: 1},
    {key: "peak_threads", digits: 0, log: true},
    {key: "peak_memory_mb", digits: 1},
    {key: "kib_per_idle_client", digits: 2},
    {key: "wineserver_requests_per_echo", digits: 2},
];

export function metricsIn(results) {
    return metrics.filter(({key}) => results.rows.some((row) => row[key]));
}

export const clientsIn = (results) => [...new Set(results.rows.map((row) => row.clients))].sort((a, b) => a - b);
export const serversIn = (results) => [...new Set(results.rows.map((row) => row.server))];

function spreadBar(params, api) {
    const [x, least] = api.coord([api.value(0), api.value(1)]);
    const greatest = api.coord([api.value(0), api.value(2)])[1];
    const style = {stroke: api.visual("color"), lineWidth: 1.5, fill: null};
    const line = (x1, y1, x2, y2) => ({type: "line", shape: {x1, y1, x2, y2}, style});
    return {
        type: "group",
        children: [line(x, least, x, greatest), line(x - 4, least, x + 4, least), line(x - 4, greatest, x + 4, greatest)],
    };
}

export function scalingOption(results, metric, {words, theme, styles, hidden}) {
    const clients = clientsIn(results);
    const find = (server, n) => results.rows.find((row) => row.server === server && row.clients === n)?.[metric.key];
    const shown = serversIn(results).filter((server) => !hidden.has(server));
    const lines = shown.map((server) => ({
        name: server,
        type: "line",
        color: styles[server].colour,
        symbol: styles[server].symbol,
        symbolSize: 10,
        lineStyle: {width: 2, type: styles[server].dash},
        emphasis: {focus: "series"},
        data: clients.map((n) => find(server, n)?.median ?? null),
    }));
    const spreads = shown.map((server) => ({
        name: server,
        id: `spread ${server}`,
        type: "custom",
        color: styles[server].colour,
        renderItem: spreadBar,
        encode: {x: 0, y: [1, 2]},
        tooltip: {show: false},
        silent: true,
        clip: true,
        data: clients.map((n, index) => [index, find(server, n)]).filter(([, spread]) => spread?.least < spread?.greatest)
            .map(([index, spread]) => [index, spread.least, spread.greatest]),
    }));
    const axis = {axisLabel: {color: theme.text, fontSize: 13}, axisLine: {lineStyle: {color: theme.faint}},
        splitLine: {lineStyle: {color: theme.line}}, nameTextStyle: {color: theme.text, fontSize: 13}};
    return {
        animation: false,
        grid: {left: 8, right: 16, top: 12, bottom: 26, outerBoundsMode: "same", outerBoundsContain: "axisLabel"},
        xAxis: {...axis, type: "category", data: clients.map(String), name: words.clients, nameLocation: "middle",
            nameGap: 26},
        yAxis: {...axis, type: metric.log ? "log" : "value", axisLabel: {...axis.axisLabel,
            formatter: (value) => value.toLocaleString("en")}},
        dataZoom: [{type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseMove: false, moveOnMouseWheel: false,
            filterMode: "filter", minValueSpan: 0}],
        tooltip: {
            trigger: "axis", confine: true, backgroundColor: theme.panel, borderColor: theme.faint,
            textStyle: {color: theme.text, fontSize: 13}, axisPointer: {type: "line"},
            position: ([x], params, element, rect, {contentSize, viewSize}) => // the pointer is not to be covered
                [x < viewSize[0] / 2 ? Math.max(viewSize[0] - contentSize[0], 0) : 0, 0],
            formatter: (items) => tooltip(items, metric, words, (server, n) => find(server, n)),
        },
        series: [...lines, ...spreads],
    };
}

function tooltip(items, metric, words, find) {
    const n = Number(items[0].axisValue);
    const lines = items.filter((item) => item.seriesType === "line" && item.value != null).map((item) => {
        const {median, least, greatest} = find(item.seriesName, n);
        const spread = least < greatest ? ` <small>(${fixed(least, metric)}–${fixed(greatest, metric)})</small>` : "";
        return `<tr><td>${item.marker}${escaped(item.seriesName)}<td style="text-align:right;padding-left:1em">` +
            `<b>${fixed(median, metric)}</b>${spread}`;
    });
    return `${fill(words.nClients, {n: n.toLocaleString("en")})}<table>${lines.join("")}</table>`;
}
