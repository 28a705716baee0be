//! `refrain explain` as a user runs it, for adapters that are not at hand.

use assert_cmd::Command;
use serde_json::Value;

/// `refrain explain` with these arguments.
fn explain(arguments: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("refrain"));
    command.env_remove("XDG_RUNTIME_DIR").arg("explain").args(arguments.split_whitespace());
    command
}

/// Stdout of a run that must succeed.
fn stdout(arguments: &str) -> String {
    let run = explain(arguments).assert().success().stderr("");
    String::from_utf8(run.get_output().stdout.clone()).unwrap()
}

/// The document of `--json`.
fn document(arguments: &str) -> Value {
    serde_json::from_str(&stdout(&format!("{arguments} --json"))).expect("stdout holds the document alone")
}

/// The kernels of the table, in order, each with its column `times`.
fn kernels(arguments: &str) -> Vec<String> {
    let table = stdout(arguments);
    table.lines().for_each(|line| assert!(line.chars().count() <= 120, "{line}"));
    let entries = table.lines().filter(|line| line.contains(" shaders/"));
    let words = entries.map(|line| {
        // Behind the file stand workgroups, invocations, times, FLOP and bytes; `2 x 1 x 3` and `4 x 1` have blanks.
        let words: Vec<&str> = line.split_whitespace().collect();
        let [kernel, file] = [words[0], words[1]];
        assert_eq!(file, format!("shaders/{kernel}.wesl"));
        let times = &words[..words.len() - 2];
        let times = if times[times.len() - 2] == "x" {
            times[times.len() - 3..].concat()
        } else {
            times[times.len() - 1].into()
        };
        format!("{kernel} {times}")
    });
    words.collect()
}

#[test]
fn a_small_network_takes_three_dispatches() {
    assert_eq!(kernels(""), ["fused 1", "weight_gradient 1", "fused_update 1"]);
    assert_eq!(kernels("--kernels fused --cell rnn-relu"), ["fused 1", "weight_gradient 1", "fused_update 1"]);
    let table = stdout("");
    assert!(table.contains("3 dispatches"), "{table}");
    assert!(
        table.contains("writes  states.0 [S 2, T+2 52, B 32, D 1, HQ 5]; tape.0 [D 1, T 50, B 32, slots 4, HQ 5];"),
        "{table}"
    );
}

#[test]
fn scans_take_a_dispatch_a_sequence() {
    let expected = [
        "stage 1",
        "scan_forward 1",
        "head 1",
        "loss 1",
        "head_gradient 1",
        "scan_backward 1",
        "weight_gradient 1",
        "weight_gradient 1",
        "weight_gradient 1",
        "gradient_sum 1",
        "update 1",
        "pack 1",
    ];
    assert_eq!(kernels("--kernels scans"), expected);
    let table = stdout("--kernels scans");
    // A narrow input is not projected: the scan reads the input itself.
    assert!(
        table.contains("reads   packed.0 [D 1, packed_stride 986]; x [T 50, B 32, IQ 1]; rows [B 32]\n"),
        "{table}"
    );
}

#[test]
fn steps_take_a_dispatch_a_time_step_after_the_projection_of_a_chunk() {
    let taken = kernels("--kernels steps --shape 32,50,1,20 --device h100-like");
    assert_eq!(taken[..3], ["stage 1", "project 1", "step_forward 50"]);
    assert_eq!(taken[3..7], ["head 1", "loss 1", "head_gradient 1", "step_backward 50"]);
    // A larger input is projected a chunk of the steps at a time.
    let taken = kernels("--shape 64,100,64,128 --device h100-like");
    assert_eq!(taken[..3], ["stage 1", "project 7x1", "step_forward 7x13"]);
    assert_eq!(taken[3..5], ["project 1", "step_forward 9"]);
}

#[test]
fn two_layers_go_as_a_wavefront_whose_rounds_are_told_apart() {
    let taken = kernels("--kernels scans --layers 2");
    let forward = ["stage 1", "project 1", "scan_forward 1", "project 4x1", "project 4x1", "scan_forward 4x1"];
    assert_eq!(taken[..6], forward);
    // The second layer ends its last span without the first.
    assert_eq!(taken[6..11], ["project 1", "scan_forward 1", "head 1", "loss 1", "head_gradient 1"]);
    assert_eq!(taken[11..14], ["scan_backward 5x1", "input_gradient 5x1", "scan_backward 1"]);
    // The top layer's, with the head's, then the first one's.
    let weights = ["weight_gradient 1", "weight_gradient 1", "weight_gradient 1", "gradient_sum 1"];
    assert_eq!(taken[14..18], weights);
    assert_eq!(taken[18..21], weights[1..]);
    assert_eq!(taken[21..], ["update 1", "pack 1", "pack 1"]);

    let step = document("--kernels scans --layers 2 --dropout 0.1");
    assert_eq!(step["wavefront"], 11);
    let written: Vec<&str> =
        step["dispatches"].as_array().unwrap().iter().map(|d| d["writes"][0].as_str().unwrap()).collect();
    for buffer in ["packed.0 [", "packed.1 [", "states.0-1 [S 2, T+2 52, B 32, D 1, HQ 5]", "x = dropped.1 [T 50,"] {
        assert!(written.iter().any(|name| name.starts_with(buffer)), "{buffer} is not in {written:?}");
    }
}

#[test]
fn both_directions_share_dispatches_and_layers_follow_each_other() {
    let taken = kernels("--kernels scans --bidirectional --layers 2 --cell gru");
    assert_eq!(taken[..3], ["stage 1", "scan_forward 1", "project 1"]);
    let backward = [
        "scan_backward 1",
        "weight_gradient 1",
        "weight_gradient 1",
        "weight_gradient 1",
        "gradient_sum 1",
        "input_gradient 1",
        "scan_backward 1",
        "weight_gradient 1",
        "weight_gradient 1",
        "gradient_sum 1",
        "update 1",
        "pack 1",
        "pack 1",
    ];
    assert_eq!(taken[taken.len() - 13..], backward);
    let step = document("--kernels scans --bidirectional --layers 2 --cell gru");
    assert_eq!(step.get("wavefront"), None);
    assert_eq!(step["dispatches"][1]["workgroups"][1], 2, "a row of workgroups a direction");
}

#[test]
fn the_document_holds_the_request_and_its_sums_are_those_of_its_dispatches() {
    for arguments in [
        "",
        "--kernels scans --layers 2 --dropout 0.1",
        "--kernels steps --bidirectional --every-step --outputs 3 --cell gru --precision f16 --device m-series-like",
        "--shape 4000,1000,4,256",
    ] {
        let step = document(arguments);
        let dispatches = step["dispatches"].as_array().unwrap();
        let sum = |key: &str| -> u64 { dispatches.iter().map(|dispatch| dispatch[key].as_u64().unwrap()).sum() };
        for (total, key) in [("count", "times"), ("flops", "flops"), ("bytes", "bytes")] {
            assert_eq!(step[total], sum(key), "{arguments}: {total}");
            assert!(sum(key) > 0, "{arguments}: {total}");
        }
        for dispatch in dispatches {
            let [times, rounds] = ["times", "rounds"].map(|key| dispatch[key].as_u64().unwrap());
            assert_eq!(times % rounds, 0, "{dispatch}");
        }
        let memory = &step["memory"];
        let parts = ["network", "windows", "plan"].map(|part| memory[part].as_u64().unwrap());
        assert_eq!(memory["total"], parts.iter().sum::<u64>(), "{arguments}");
    }
    let step = document("--kernels scans --precision f16 --device integrated-like --shape 16,10,4,8");
    assert_eq!((&step["device"], &step["kernels"]), (&"integrated-like".into(), &"scans".into()));
    let request = &step["request"];
    assert_eq!((&request["batch"], &request["input"], &request["precision"]), (&16.into(), &4.into(), &"f16".into()));
}

#[test]
fn counts_are_those_of_the_shapes() {
    let step = document("--kernels scans");
    let scan = &step["dispatches"][1];
    assert_eq!(scan["kernel"], "scan_forward");
    // 32 rows and 50 steps, of 20 units: the recurrent product, 12 operations a slot, the input's product.
    assert_eq!(scan["flops"], 32 * 50 * 20 * (2 * 20 * 4 + 12 * 4 + 2 * 4));
    let step_backward = &document("--kernels steps")["dispatches"][6];
    assert_eq!((&step_backward["kernel"], &step_backward["times"]), (&"step_backward".into(), &50.into()));
    assert_eq!(step_backward["flops"], 50 * 32 * 20 * (2 * 20 * 4 + 12 * 4), "of all its times");
    // Series, places of two words, order, targets.
    assert_eq!(step["memory"]["windows"], 4 * (1600 + 64 + 32 + 32));
    // Quads of x, of the states h and c before and after every step, of the tape of four slots.
    let [x, states, tape] = [50 * 32, 2 * 52 * 32 * 5, 50 * 32 * 4 * 5];
    assert_eq!(step["kept"], 16 * (x + states + tape));
    assert_eq!(document("")["kept"], 16 * (states + tape), "the fused kernel reads the windows themselves");
    let half = document("--kernels scans --precision f16");
    assert_eq!(half["kept"], 16 * (x + states) + 8 * tape);
    let dropped = document("--kernels scans --layers 2 --dropout 0.5")["kept"].as_u64().unwrap();
    let whole = document("--kernels scans --layers 2")["kept"].as_u64().unwrap();
    assert_eq!(dropped - whole, 16 * 50 * 32 * 5, "what dropout leaves of a layer's states");
}

#[test]
fn what_does_not_fit_is_taken_in_micro_batches_or_refused_by_the_adapter() {
    let step = document("--shape 4000,1000,4,256");
    let rows = step["micro_batch"].as_u64().expect("4000 rows do not fit WebGPU's default limits");
    assert!(rows < 4000 && rows.is_multiple_of(4), "{rows}");
    assert_eq!(step.get("refused"), None);
    assert!(stdout("--shape 4000,1000,4,256").contains(&format!("The first micro-batch, of {rows} rows")));
    // What the whole batch would take is counted in more than 32 bits.
    document("--shape 100000,1000,1,256 --layers 2 --dropout 0.1");
    document("--shape 100000000,1,1,256 --outputs 1000");
    let step = document("--shape 4,1000,1,30000 --cell rnn");
    assert!(step["refused"].as_str().unwrap().starts_with("buffer `parameters` needs 3600"), "{}", step["refused"]);
    assert!(stdout("--shape 4,1000,1,30000 --cell rnn").contains("Such an adapter refuses this step: buffer"));
}

#[test]
fn a_kernels_module_is_printed_as_it_is_compiled() {
    let wgsl = stdout("--kernels scans --kernel scan_forward");
    assert!(wgsl.contains("@compute") && wgsl.contains("fn scan_forward("), "{wgsl}");
    naga::front::wgsl::parse_str(&wgsl).expect("what is printed is a module");
    let scan = &document("--kernels scans")["dispatches"][1];
    assert!(wgsl.contains(&format!("const WG: u32 = {}u;", scan["invocations"])), "{wgsl}");
    assert_ne!(wgsl, stdout("--kernels scans --kernel scan_forward --cell gru"));

    let several = stdout("--kernels scans --kernel weight_gradient");
    let heads: Vec<&str> = several.lines().filter(|line| line.contains(", module ")).collect();
    let named = [1, 2, 3].map(|n| format!("// weight_gradient, module {n} of 3"));
    assert_eq!(heads, named);
    let modules = document("--kernels scans --kernel weight_gradient");
    let modules: Vec<&str> = modules["modules"].as_array().unwrap().iter().map(|wgsl| wgsl.as_str().unwrap()).collect();
    assert_eq!(modules.len(), 3);
    for wgsl in modules {
        naga::front::wgsl::parse_str(wgsl).expect("each is a module");
    }
}

/// Few rows of many units go by units, many rows by tiles, whatever the SIMD level; more threads shorten a step.
#[test]
fn the_way_of_the_cpu_engine_is_told_with_its_time_and_memory() {
    let step = |shape: &str, threads: usize| document(&format!("--device cpu --shape {shape} --threads {threads}"));
    let number = |step: &Value, key: &str| step[key].as_f64().unwrap();
    for (shape, way) in [
        ("4,100,256,512", "units"),
        ("1,1000,1,64", "units"),
        ("64,100,512,1024", "units"),
        ("32,50,1,20", "tiles"),
        ("1000,50,1,64", "tiles"),
    ] {
        let one = step(shape, 1);
        assert_eq!(one["way"], way, "{shape}");
        assert_eq!(one["busy_threads"], 1, "{shape}");
        assert!(number(&one, "estimated_ms") > 0.0 && number(&one, "bytes_a_thread") > 0.0, "{shape}");
        let two = step(shape, 2);
        assert_eq!(number(&two, "flop"), number(&one, "flop"), "{shape}");
        assert!(number(&two, "estimated_ms") <= number(&one, "estimated_ms"), "{shape}");
    }
    // 2 * B * T * 4H * (2 * (I + H) + H), and the head's O * H for B rows, three times.
    let flop = 2.0 * 4.0 * 100.0 * 2048.0 * (2.0 * 768.0 + 512.0) + 2.0 * 3.0 * 512.0 * 4.0;
    assert!((number(&step("4,100,256,512", 1), "flop") / flop - 1.0).abs() < 1e-12);
    // Twice the steps take about twice the memory.
    let bytes = |steps: usize| number(&step(&format!("1,{steps},1,64"), 1), "bytes_a_thread");
    assert!((1.9..2.1).contains(&(bytes(2000) / bytes(1000))));
    // Where tapes are made again, memory does not grow with the steps.
    let bytes = |steps: usize| {
        number(&document(&format!("--device cpu --shape 1,{steps},1,64 --recompute 500")), "bytes_a_thread")
    };
    assert_eq!(bytes(1000), bytes(100_000));
    let text = stdout("--device cpu --shape 4,100,256,512");
    assert!(text.contains("by units: 4 rows are 1 tile of") && text.contains("MiB a thread"), "{text}");
}

#[test]
fn choices_compare_four_kinds_of_adapter() {
    let table = stdout("--choices");
    let lines: Vec<&str> = table.lines().collect();
    lines.iter().for_each(|line| assert!(line.len() <= 120, "{line}"));
    let profiles = ["h100-like", "m-series-like", "integrated-like", "webgpu"];
    assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), profiles);
    assert!(lines.last().unwrap().ends_with("none is measured on such hardware."), "{table}");
    let row = |name: &str| -> Vec<&str> {
        let line = lines.iter().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} is not in\n{table}")).split_whitespace().collect()
    };
    for chunk in row("lstm B=32 T=50 I=1 H=20 ").chunks(3) {
        assert_eq!(chunk[0], "fused");
    }
    for chunk in row("lstm B=64 T=100 I=512 H=1024 ").chunks(3) {
        assert_eq!(chunk[..2], ["steps", "-"]);
    }
    for cell in ["rnn", "lstm", "gru"] {
        assert_eq!(row(&format!("{cell} B=1000 T=50 I=1 H=128 ")).len(), 12);
    }

    let document = document("--choices --shape 3,4,2,5 --cell gru");
    let rows = document["rows"].as_array().unwrap();
    assert_eq!(rows.last().unwrap()["name"], "gru B=3 T=4 I=2 H=5");
    assert_eq!(rows.len(), lines.len() - 4 + 1, "the table's rows, and this one");
    for row in rows {
        let of_profiles = row["profiles"].as_array().unwrap();
        assert_eq!(of_profiles.iter().map(|of| of["device"].as_str().unwrap()).collect::<Vec<_>>(), profiles);
        for of_profile in of_profiles.iter().filter(|of| of["kernels"] != "fused") {
            let steps = of_profile["steps_us"].as_f64().unwrap();
            let faster = of_profile["scans_us"].as_f64().is_some_and(|scans| scans <= steps);
            assert_eq!(of_profile["kernels"], if faster { "scans" } else { "steps" }, "{row}");
        }
    }
}

#[test]
fn bad_input_is_refused_in_one_line() {
    let usage = [
        ("--shape 3,4,2", "'3,4,2' for '--shape <B,T,I,H>': expected batch rows"),
        ("--shape 3,4,2,0", "--shape"),
        ("--shape 1,1,1,100000", "the number of parameters"),
        ("--shape 1,2000000,1,1", "--shape is 2000000 time steps of 1 layers, expected at most 1048576"),
        ("--outputs 0", "--outputs"),
        ("--layers 1025", "'1025' for '--layers <N>': expected a whole number from 1 to 1024"),
        ("--dropout 1", "'1' for '--dropout <P>': expected a number from 0 to below 1"),
        ("--precision f64", "--precision"),
        ("--cell elman", "[possible values: rnn, rnn-relu, lstm, gru]"),
        ("--kernels lane-steps", "--kernels <NAME>': kernels is lane-steps, expected chosen, scans, steps, fused"),
        (
            "--kernel nosuch",
            "--kernel is nosuch, expected one that this step has: fused, weight_gradient, fused_update",
        ),
        (
            "--kernels scans --kernel fused",
            "stage, scan_forward, head, loss, head_gradient, scan_backward, weight_gradient,",
        ),
        ("--device cpu --kernel fused", "--kernel is given, expected nothing: the CPU engine has no WGSL"),
        ("--device cpu --kernels scans", "--kernels is given, expected nothing: the CPU engine has no WGSL"),
        ("--device cpu --threads 0", "'0' for '--threads <N>': expected a whole number from 1 to 1024"),
        ("--device cpu --precision f16", "--precision is f16, expected f32 on the CPU engine"),
        ("--choices --threads 2", "'--threads <N>'"),
        ("--choices --recompute 2", "'--recompute <STEPS>'"),
        ("--threads 2", "--threads is given, expected nothing: it is for --device cpu"),
        ("--recompute 9", "--recompute is given, expected nothing: it is for --device cpu"),
        ("--choices --device webgpu", "'--device <DEVICE>'"),
        ("--choices --kernels scans", "'--kernels <NAME>'"),
    ];
    let failure = [("--device nosuch", "integrated-like, webgpu: no adapter matches `nosuch`")];
    let cases = usage.map(|case| (case, 2)).into_iter().chain(failure.map(|case| (case, 1)));
    for ((arguments, expected), code) in cases {
        let run = explain(arguments).assert().code(code).stdout("");
        let message = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(message.starts_with("error: ") && message.contains(expected), "{arguments}: {message}");
        assert_eq!(message.lines().count(), 1, "{arguments}: {message}");
    }
}
