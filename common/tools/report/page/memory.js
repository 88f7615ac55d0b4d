// A browser may refuse the storage to a page from a file.
export function recall(key) {
    try {
        return localStorage.getItem(`course-report-${key}`);
    } catch {
        return null;
    }
}

export function remember(key, value) {
    try {
        localStorage.setItem(`course-report-${key}`, value);
    } catch {
        // then it holds for this visit
    }
}
