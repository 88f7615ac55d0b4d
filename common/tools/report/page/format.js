export function fixed(value, {digits}) {
    return value.toLocaleString("en", {minimumFractionDigits: digits, maximumFractionDigits: digits});
}

const replacements = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"};

export function escaped(text) {
    return String(text).replace(/[&<>"]/g, (letter) => replacements[letter]);
}
