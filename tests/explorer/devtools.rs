//! A browser that obeys over a pipe: the DevTools protocol, a JSON object to a message, messages ended by a NUL.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{Temporary, temporary};

/// A browser with one page.
pub struct Page {
    browser: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    session: Option<String>,
    sent: u64,
    events: Vec<Value>,
    _profile: Temporary,
}

/// What a page is shown on.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub width: u32,
    pub dark: bool,
    pub calm: bool,
}

pub const DESK: View = View { width: 1200, dark: false, calm: true };

impl Page {
    /// Opens a file in a fresh browser, and waits until its scripts have run.
    pub fn open(browser: &str, file: &Path, address: &str, view: View) -> Self {
        let profile = temporary();
        // The protocol is spoken on descriptors 3 and 4.
        let script = "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null";
        let mut browser = Command::new("sh")
            .args([
                "-c",
                script,
                "sh",
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
            ])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (orders, answers) =
            (browser.stdin.take().unwrap(), BufReader::new(browser.stdout.take().unwrap()));
        let mut page =
            Self { browser, orders, answers, session: None, sent: 0, events: Vec::new(), _profile: profile };
        let target = page.call("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = page.call("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        page.session = Some(attached["sessionId"].as_str().unwrap().into());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page.look(view);
        page.go(file, address);
        page
    }

    /// Another width or scheme.
    pub fn look(&mut self, view: View) {
        let View { width, dark, calm } = view;
        let phone = width < 500;
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": phone});
        self.call("Emulation.setDeviceMetricsOverride", size);
        let feature = |name: &str, value: &str| json!({"name": name, "value": value});
        let features = [
            feature("prefers-color-scheme", if dark { "dark" } else { "light" }),
            feature("prefers-reduced-motion", if calm { "reduce" } else { "no-preference" }),
        ];
        self.call("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// Opens a file at an address in it.
    pub fn go(&mut self, file: &Path, address: &str) {
        // From one address of a page to another it would not load anew.
        self.call("Page.navigate", json!({"url": "about:blank"}));
        let file = file.canonicalize().unwrap();
        self.call("Page.navigate", json!({"url": format!("file://{}{address}", file.display())}));
        self.wait("document.documentElement?.dataset.ready !== undefined");
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.sent += 1;
        let mut order = json!({"id": self.sent, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            order["sessionId"] = session.as_str().into();
        }
        self.orders.write_all(format!("{order}\0").as_bytes()).unwrap();
        loop {
            let mut answer = Vec::new();
            self.answers.read_until(0, &mut answer).unwrap();
            assert_eq!(answer.pop(), Some(0), "the browser is gone");
            let mut answer: Value = serde_json::from_slice(&answer).unwrap();
            if answer["id"] == self.sent {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
            self.events.push(answer);
        }
    }

    /// What an expression comes to, awaited if it is a promise.
    pub fn eval(&mut self, expression: &str) -> Value {
        let how = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.call("Runtime.evaluate", how);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    pub fn number(&mut self, expression: &str) -> f64 {
        let value = self.eval(expression);
        value.as_f64().unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    /// Numbers to the bit: JSON has no infinities, and they are not asked to survive a text.
    pub fn bits(&mut self, expression: &str) -> Vec<u64> {
        let code = format!("[...new BigUint64Array(Float64Array.from({expression}).buffer)].map(String)");
        let texts = self.eval(&code);
        texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().parse().unwrap()).collect()
    }

    /// The same as numbers.
    pub fn numbers(&mut self, expression: &str) -> Vec<f64> {
        self.bits(expression).into_iter().map(f64::from_bits).collect()
    }

    /// What an element says.
    pub fn text(&mut self, id: &str) -> String {
        let text = self.eval(&format!("document.getElementById('{id}').textContent"));
        text.as_str().unwrap().into()
    }

    /// Waits until an expression is true.
    pub fn wait(&mut self, expression: &str) {
        let begun = Instant::now();
        while self.eval(expression) != true {
            assert!(begun.elapsed() < Duration::from_secs(300), "never: {expression}");
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// A button of the mouse goes down at one place, and up at another.
    pub fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        let mut mouse = |kind: &str, (x, y): (f64, f64)| {
            let event =
                json!({"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        };
        mouse("mousePressed", from);
        for k in 1..=4 {
            let share = f64::from(k) / 4.0;
            mouse("mouseMoved", (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1)));
        }
        mouse("mouseReleased", to);
    }

    /// A finger does the same.
    pub fn swipe(&mut self, from: (f64, f64), to: (f64, f64)) {
        let mut touch = |kind: &str, points: Value| {
            self.call("Input.dispatchTouchEvent", json!({"type": kind, "touchPoints": points}));
        };
        touch("touchStart", json!([{"x": from.0, "y": from.1}]));
        touch("touchMove", json!([{"x": 0.5 * (from.0 + to.0), "y": 0.5 * (from.1 + to.1)}]));
        touch("touchMove", json!([{"x": to.0, "y": to.1}]));
        touch("touchEnd", json!([]));
    }

    /// A key goes down and up.
    pub fn key(&mut self, key: &str) {
        let (code, text) = match key {
            " " => (32, " "),
            "Enter" => (13, "\r"),
            "Tab" => (9, ""),
            "ArrowLeft" => (37, ""),
            "ArrowUp" => (38, ""),
            "ArrowRight" => (39, ""),
            "ArrowDown" => (40, ""),
            other => (0, other),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({"type": kind, "key": key, "text": text, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Nothing went wrong so far, nothing was written to the console, nothing was asked of a network.
    pub fn assert_quiet(&mut self) {
        self.eval("1");
        let loud = ["Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"];
        for event in &self.events {
            assert!(!loud.iter().any(|kind| event["method"] == *kind), "{event}");
            if event["method"] == "Network.requestWillBeSent" {
                let url = event["params"]["request"]["url"].as_str().unwrap();
                assert!(["file:", "data:", "blob:"].iter().any(|own| url.starts_with(own)), "{url}");
            }
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // A panic is on its way, or the work is done: either way what cannot be stopped is gone.
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}
