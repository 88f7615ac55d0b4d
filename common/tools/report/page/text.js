// Every word of the page, in both languages.
export const languages = {
    en: {
        title: "Echo servers side by side",
        language: "한국어", toDark: "Dark", toLight: "Light", showAll: "Show all", print: "Print",
        controls: "What the charts show", servers: "Servers", from: "Clients from", to: "to",
        help: "Point at a chart, or focus it and press ← →: all charts show the same number of clients. " +
            "Ctrl + wheel, or + and −, zooms all of them. A bar through a point reaches from the least round to the greatest.",
        oneRound: "There was one round only, so the charts have no spread.",
        scaling: "How each model scales", calls: "API calls per echo", timelines: "Where each thread waits",
        figures: "Figures", rounds: "Round by round", machine: "Machine and settings", warning: "Wine's figures",
        clients: "clients", nClients: "{n} clients", server: "Server", round: "Round", unserved: "Clients not served", errors: "Errors",
        spread: "Medians; in brackets the least and the greatest round.",
        blocked: "Milliseconds blocked per call", call: "Call", perEcho: "per echo",
        timelineHelp: "One lane per thread, below them the clients; all servers on one axis. Ctrl + wheel zooms all, a drag " +
            "moves them; with the keyboard, focus a timeline: + − ← → and 0.",
        zoomIn: "Zoom in", zoomOut: "Zoom out", left: "Earlier", right: "Later", whole: "Whole",
        category: {wait: "waiting", call: "in a call", callback: "in a callback", client: "client"},
        move: "started by one thread, completed on another",
        callsHelp: "Recorded apart from the rounds, with {n} clients that send 64 bytes each: the calls of all serving threads, " +
            "divided by the echoes.",
        scenario: "The same two seconds for each server: a chatty client, an idle one, a slow reader (4 MiB to echo, of which " +
            "it takes little at a time), one in bulk (64 KiB at a time) and one that joins late.",
        thread: "thread", clientLane: "client", time: "Time (ms)", began: "began", took: "took",
        totals: "Time of each lane (ms)", lane: "Lane",
        metric: {
            echoes_per_second: "Echoes per second", relative: "Echoes per second, relative to {to}",
            p50_ms: "Latency, median (ms)", p99_ms: "Latency, 99th percentile (ms)",
            cpu_ms_per_1000_echoes: "CPU time per 1,000 echoes (ms)", peak_threads: "Threads, at most",
            peak_memory_mb: "Memory, at most (MB)", kib_per_idle_client: "Memory per idle client (KiB)",
            wineserver_requests_per_echo: "wineserver requests per echo",
        },
        log: "logarithmic scale",
        fact: {
            began: "Begun", system: "System", wine: "Wine", processor: "Processor", memory: "Memory",
            servers: "Servers built with", tools: "Tools built with", commit: "commit", load: "Load", rounds: "Rounds",
            pinned: "Pinning",
        },
        processors: "{n} x {name}", loadWine: "the load under Wine as well", loadNative: "the load native",
        message: "messages of {size} bytes, {depth} under way per client", visit: "visits: connect, one echo of {size} bytes, leave",
        idle: "{n} idle clients besides", windows: "{n} of {s} s, after {w} s of warm-up",
        pinned: "servers on one processor, the load on another", notPinned: "none",
        wine: "These are Wine's figures. Read them as ratios between programs on this machine, never as Windows' speed: " +
            "every Winsock call here is one or more requests to one process, wineserver, which all servers share. So the " +
            "ranking can differ from Windows': a model with few calls per echo (select with many clients) looks better than " +
            "it is there, and a completion port cannot show its scheduling, which Wine lacks. What carries over: who is " +
            "served and who is not, errors, threads. The figure that repeats best is wineserver requests per echo.",
    },
    ko: {
        title: "에코 서버 여섯 모델 비교",
        language: "English", toDark: "어둡게", toLight: "밝게", showAll: "모두 보기", print: "인쇄",
        controls: "차트에 표시할 내용", servers: "서버", from: "클라이언트 수", to: "~",
        help: "차트 위에 마우스를 올리거나, 차트에 포커스를 두고 ← → 키를 누르면 모든 차트가 같은 클라이언트 수의 값을 보여 줍니다. " +
            "Ctrl + 휠 또는 + − 키로 모든 차트를 함께 확대합니다. 점을 지나는 세로 막대는 라운드의 최솟값부터 최댓값까지입니다.",
        oneRound: "한 라운드만 측정했으므로 차트에 편차가 없습니다.",
        scaling: "클라이언트 수에 따른 변화", calls: "에코당 API 호출 수", timelines: "스레드가 기다리는 곳",
        figures: "측정값", rounds: "라운드별 값", machine: "컴퓨터와 설정", warning: "Wine에서 잰 값입니다",
        clients: "클라이언트 수", nClients: "클라이언트 {n}개", server: "서버", round: "라운드", unserved: "응답을 못 받은 클라이언트", errors: "오류",
        spread: "중앙값이며, 괄호 안은 라운드의 최솟값과 최댓값입니다.",
        blocked: "호출당 블로킹 시간(ms)", call: "호출", perEcho: "에코당",
        timelineHelp: "스레드마다 한 줄이고 그 아래는 클라이언트입니다. 모든 서버의 시간 축은 같습니다. Ctrl + 휠로 함께 확대하고 끌어서 " +
            "옮깁니다. 키보드로는 타임라인에 포커스를 두고 + − ← → 0 키를 씁니다.",
        zoomIn: "확대", zoomOut: "축소", left: "앞으로", right: "뒤로", whole: "전체",
        category: {wait: "대기", call: "호출 중", callback: "콜백 실행 중", client: "클라이언트"},
        move: "한 스레드가 시작하고 다른 스레드에서 완료",
        callsHelp: "라운드와 별도로, 64바이트씩 보내는 클라이언트 {n}개로 기록했습니다. 서비스하는 모든 스레드의 호출 수를 에코 수로 나눈 " +
            "값입니다.",
        scenario: "서버마다 똑같은 2초입니다. 수다스러운 클라이언트, 가만히 있는 클라이언트, 느리게 읽는 클라이언트(4 MiB를 보내 놓고 조금씩 " +
            "읽음), 64 KiB씩 대량으로 보내는 클라이언트, 늦게 들어오는 클라이언트가 있습니다.",
        thread: "스레드", clientLane: "클라이언트", time: "시간(ms)", began: "시작", took: "걸린 시간",
        totals: "줄마다 걸린 시간(ms)", lane: "줄",
        metric: {
            echoes_per_second: "초당 에코 수", relative: "초당 에코 수({to} 대비 비율)",
            p50_ms: "지연 시간 중앙값(ms)", p99_ms: "지연 시간 99번째 백분위수(ms)",
            cpu_ms_per_1000_echoes: "에코 1,000번당 CPU 시간(ms)", peak_threads: "최대 스레드 수",
            peak_memory_mb: "최대 메모리(MB)", kib_per_idle_client: "유휴 클라이언트당 메모리(KiB)",
            wineserver_requests_per_echo: "에코당 wineserver 요청 수",
        },
        log: "로그 눈금",
        fact: {
            began: "시작 시각", system: "운영 체제", wine: "Wine", processor: "프로세서", memory: "메모리",
            servers: "서버 컴파일러", tools: "도구 컴파일러", commit: "커밋", load: "부하", rounds: "라운드",
            pinned: "프로세서 고정",
        },
        processors: "{name} {n}개", loadWine: "부하도 Wine에서 실행", loadNative: "부하는 네이티브로 실행",
        message: "{size}바이트 메시지, 클라이언트마다 동시에 {depth}개", visit: "짧은 방문: 연결하고 {size}바이트를 한 번 에코한 뒤 끊음",
        idle: "그 밖에 유휴 클라이언트 {n}개", windows: "{s}초씩 {n}라운드, 워밍업 {w}초 뒤에 측정",
        pinned: "서버와 부하를 서로 다른 프로세서에 고정", notPinned: "없음",
        wine: "이 값들은 Wine에서 잰 것입니다. 이 컴퓨터에서 돌린 프로그램 사이의 비율로만 읽고, Windows의 속도로 읽지 마십시오. " +
            "여기서는 모든 Winsock 호출이 wineserver라는 한 프로세스에 요청을 한 번 이상 보내며, 모든 서버가 이 프로세스를 함께 씁니다. " +
            "그래서 순위가 Windows와 다를 수 있습니다. 에코당 호출이 적은 모델(클라이언트가 많을 때의 select)은 Windows에서보다 좋아 " +
            "보이고, 완료 포트의 스케줄링은 Wine에 없으므로 드러나지 않습니다. Windows에서도 유효한 것은 어느 클라이언트가 응답을 받고 " +
            "받지 못하는지, 오류, 스레드 수입니다. 반복해도 가장 일정한 값은 에코당 wineserver 요청 수입니다.",
    },
};

export function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
