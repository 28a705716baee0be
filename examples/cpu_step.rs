use refrain::data::Windows;
use refrain::engine::cpu::{CpuEngine, Level, Options};
use refrain::engine::{Adam, Engine, Steps};
use refrain::model::{CellKind, Spec, initial_parameters};
use std::time::Instant;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let only = args.get(1).map(String::as_str).unwrap_or("");
    let shapes: Vec<(usize, usize, usize, usize)> = vec![
        (32, 50, 1, 20),
        (100, 5, 10, 20),
        (1000, 50, 1, 20),
        (1000, 50, 1, 64),
        (64, 100, 64, 128),
        (1000, 50, 1, 128),
        (32, 100, 256, 512),
    ];
    let threads: Vec<usize> =
        args.get(2).map(|s| s.split(',').map(|t| t.parse().unwrap()).collect()).unwrap_or(vec![1, 2]);
    let level = args.get(3).and_then(|n| Level::available().into_iter().find(|l| l.name() == n)).unwrap_or_default();
    for (b, t, i, h) in shapes {
        let name = format!("{b},{t},{i},{h}");
        if !only.is_empty() && only != name {
            continue;
        }
        print!("{name:16}");
        for cell in [CellKind::RnnTanh, CellKind::Lstm, CellKind::Gru] {
            if args.get(4).is_some_and(|c| !cell.name().starts_with(c.as_str())) {
                continue;
            }
            let spec = Spec::new(cell, i, h, 1);
            let g = spec.facts().gates;
            for &th in &threads {
                let x: Vec<f32> = (0..b * t * i).map(|k| ((k * 37 % 101) as f32) / 101.0 - 0.5).collect();
                let y: Vec<f32> = (0..b).map(|k| ((k * 17 % 31) as f32) / 31.0 - 0.5).collect();
                let mut e =
                    CpuEngine::with_options(spec, &initial_parameters(&spec, 1), Options { threads: Some(th), level })
                        .unwrap();
                e.load(&Windows::from_sequences(x, i, t, y, 1).unwrap()).unwrap();
                let fma = (b * t * g * h) as f64 * (2.0 * (i + h) as f64 + h as f64);
                let per = ((2e8 / fma) as usize).clamp(1, 20);
                let reps = ((3e10 / fma) as usize / per).clamp(3, 60);
                let ids: Vec<u32> = (0..per).flat_map(|_| 0..b as u32).collect();
                let mut times = vec![];
                for r in 0..reps + 1 {
                    let s = Instant::now();
                    e.train(&Steps { ids: &ids, batch: b, adam: Adam::default(), taken: (r * per) as u64 }).unwrap();
                    if r > 0 || reps < 5 {
                        times.push(s.elapsed().as_secs_f64() * 1e3 / per as f64);
                    }
                }
                times.sort_by(f64::total_cmp);
                print!(
                    " {}x{th} {:.3} (min {:.3}, {:.0} GF)",
                    &cell.name()[..3],
                    times[times.len() / 2],
                    times[0],
                    2.0 * fma / times[times.len() / 2] / 1e6
                );
            }
        }
        println!();
    }
}
