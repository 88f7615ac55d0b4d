// The palette of Okabe and Ito, which the colour-blind can tell apart. Its yellow is left out: it is lost on white.
const colours = ["#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#0072B2"];
const symbols = ["circle", "rect", "triangle", "diamond", "path://M0,0L10,0L5,9Z",
    "path://M3,0H7V3H10V7H7V10H3V7H0V3H3Z", "path://M5,0L6.5,3.5L10,4L7.5,6.5L8,10L5,8.2L2,10L2.5,6.5L0,4L3.5,3.5Z",
    "roundRect"];

export const categoryColours = {wait: "#56B4E9", call: "#D55E00", callback: "#009E73", client: "#CC79A7"};

export function themeColours() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => style.getPropertyValue(name).trim();
    return {text: read("--text"), faint: read("--faint"), line: read("--line"), panel: read("--panel")};
}

/// How the chart draws each server: {colour, symbol, dash}. Those beyond the palette are the text's colour, dashed.
export function serverStyles(names, theme) {
    let next = 0;
    return Object.fromEntries(names.map((name, index) => {
        const symbol = symbols[index % symbols.length];
        if (name === "asio") return [name, {colour: theme.faint, symbol, dash: "dotted"}];
        const colour = colours[next++] ?? theme.text;
        return [name, {colour, symbol, dash: next > colours.length ? "dashed" : "solid"}];
    }));
}

export function callColour(index) {
    return colours[index % colours.length];
}

/// The symbol of a server as a small picture beside its name.
export function symbolSvg({colour, symbol}) {
    const shapes = {
        circle: "<circle cx='5' cy='5' r='5'/>", rect: "<rect width='10' height='10'/>",
        roundRect: "<rect width='10' height='10' rx='3'/>", triangle: "<path d='M5,0L10,10H0Z'/>",
        diamond: "<path d='M5,0L10,5L5,10L0,5Z'/>",
    };
    const shape = shapes[symbol] ?? `<path d='${symbol.slice("path://".length)}'/>`;
    return `<svg viewBox="0 0 10 10" width="12" height="12" fill="${colour}" aria-hidden="true">${shape}</svg>`;
}
