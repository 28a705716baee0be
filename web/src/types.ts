/** What a device is. */
export interface DeviceInfo {
  name: string;
  /** "webgpu", or "native" for the processor. */
  backend: string;
  driver: string;
  type: "discrete-gpu" | "integrated-gpu" | "virtual-gpu" | "cpu" | "other";
  /** Why `Device.auto()` passed over a GPU: which of its limits is short. */
  passedOver: string | null;
}

/** Which kernels a GPU runs; "chosen" takes what should be fastest. */
export interface GpuOptions {
  kernels?: "chosen" | "scans" | "steps" | "fused";
}

export type Cell = "rnn" | "lstm" | "gru";

/** Of the sine exercise; what is not said is the command line's default. */
export interface ExerciseOptions {
  cell?: Cell;
  hidden?: number;
  lr?: number;
  seed?: number;
  batch?: number;
  /** Windows, a fifth of them held out. */
  samples?: number;
  /** Points of a window. */
  seqLen?: number;
  noise?: number;
}

/** An epoch of the exercise: its number, its mean loss, and the loss of each of its steps. */
export interface ExerciseEpoch {
  epoch: number;
  loss: number;
  steps: number[];
  device: string;
  /** Why it went on on the processor, where the GPU was lost. */
  lost: string | null;
}

/** A new network; without outputs there is no head. */
export interface NetworkOptions {
  cell: Cell;
  inputs: number;
  hidden: number;
  layers?: number;
  bidirectional?: boolean;
  outputs?: number;
  /** The steps that the head reads. */
  readout?: "last" | "last_step" | "every";
  nonlinearity?: "tanh" | "relu";
  forgetBias?: number;
  /** How a GPU stores weights and tape. */
  precision?: "f32" | "f16";
  seed?: number;
}

/** What a model file does not say: a name for errors, and of PyTorch's files the rest. */
export interface FileOptions {
  name?: string;
  nonlinearity?: "tanh" | "relu";
  readout?: "last" | "last_step" | "every";
  /** The recurrent module of a file of several, by its name or the end of it after a dot. */
  module?: string;
  /** The Linear behind it, likewise. */
  headModule?: string;
}

export interface NetworkDescription {
  network: string;
  inputs: number;
  outputs: number;
  bidirectional: boolean;
  parameters: number;
  device: string;
  /** What the file did not say and was assumed. */
  notes: string[];
}

/** Sequences: x is [rows, steps, inputs], row after row. */
export interface Arrays {
  x: Float32Array | number[];
  shape: [rows: number, steps: number, inputs: number];
  /** Values, [rows, outputs] or [rows, steps, outputs]. */
  targets?: Float32Array | number[];
  /** Classes in their place, from 0 on, [rows] or [rows, steps]. */
  classes?: Uint32Array | number[];
  /** Steps of each row that count. */
  lengths?: Uint32Array | number[];
}

/** Windows over a series: `inputs` and `horizon` are 1 where nothing is said. */
export interface WindowOptions {
  inputs?: number;
  window: number;
  horizon?: number;
}

/** How to fit: 100 epochs, batches of 32, Adam(1e-3), no row held out, where nothing is said. */
export interface FitOptions {
  epochs?: number;
  batch?: number;
  lr?: number;
  clip?: number;
  dropout?: number;
  /** The fraction of the rows that validates. */
  validate?: number;
  patience?: number;
  seed?: number;
}

export interface FitEpoch {
  epoch: number;
  epochs: number;
  loss: number;
  val: number | null;
  device: string;
  /** Why it went on on the processor, where the GPU was lost. */
  lost: string | null;
}

export interface Fitted {
  epochs: number;
  history: number[];
  val: number[];
  /** The epoch whose weights the network has, where they are not the last. */
  best: number | null;
}

/** What outputs are worth; which of them there are depends on the loss. */
export interface Measures {
  rows: number;
  positions: number;
  loss: number;
  loss_per_step?: (number | null)[];
  accuracy?: number;
  confusion?: number[][];
  rmse?: number;
  mae?: number;
}

export interface Metrics {
  mse: number;
  rmse: number;
  mae: number;
}

/** How a table is written; what is not said is guessed. */
export interface TableOptions {
  /** What errors call it. */
  name?: string;
  /** What to put where values or rows are missing, which are refused otherwise. */
  fill?: "forward" | "linear";
  /** The column of times, or "none" to count rows. */
  time?: string;
  /** How they are written: "%d/%m/%Y %H:%M", "epoch-s", "epoch-ms", "number". */
  timeFormat?: string;
  /** The column that tells several series in one table apart. */
  id?: string;
  /** How far apart times stand: "15min", "h", "D", "B", "W", "ME", "Q", "Y", or a number. */
  frequency?: string | number;
  decimal?: "." | ",";
  /** What parts thousands: "," "." "'" "space" or "none". */
  thousands?: string;
  /** Whether the first row has the columns' names. */
  header?: boolean;
  /** Columns to leave out. */
  except?: string[];
}

/** How a forecaster is made and trained; what is not said follows from the table. */
export interface TrainOptions extends TableOptions {
  /** The column, or columns, to forecast. */
  target: string | string[];
  past?: string[];
  future?: string[];
  /** Columns of a panel that hold one value a series, text or a number. */
  static?: string[];
  /** The column that says how often windows are drawn for training. */
  weight?: string;
  calendar?: ("minute" | "hour" | "weekday" | "day" | "month" | "yearday")[];
  window?: number;
  horizon?: number;
  season?: number;
  /** Levels to forecast, such as [0.1, 0.5, 0.9]. */
  quantiles?: number[];
  channels?: "joint" | "independent";
  center?: "none" | "last" | "mean" | "season";
  scaling?: "standard" | "minmax" | "robust" | "none";
  /** Whether targets are forecast by their logarithms. */
  log?: boolean;
  /** Rows that validate and rows that are held out: a fraction, a number of rows, or a date; each 0.1. */
  val?: number | string;
  test?: number | string;
  cell?: Cell;
  hidden?: number;
  layers?: number;
  /** Networks to train, whose median is the forecast. */
  members?: number;
  epochs?: number;
  batch?: number;
  lr?: number;
  seed?: number;
}

/** How far training has come. */
export interface TrainProgress {
  /** The network of so many. */
  member: number;
  members: number;
  epoch: number;
  epochs: number;
  /** Steps taken of the epoch, of so many. */
  step: number;
  steps: number;
  /** The loss of each epoch so far, and of its validation. */
  history: number[];
  val: number[];
  best: number | null;
  device: string;
  /** Why it went on on the processor, where the GPU was lost. */
  lost: string | null;
}

export interface BacktestOptions extends TableOptions {
  /** The first row to forecast: a date, a number of rows, or "last:30"; by default the first that was held out. */
  from?: number | string;
}

export interface ForecastOptions extends TableOptions {
  /** Rows to forecast; by default as many as the model forecasts at once. */
  steps?: number;
  /** Coverage of the intervals: 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, or 0 for none. */
  level?: number;
}

/** What a table holds. */
export interface TableDescription {
  columns: string[];
  rows: number;
  series: number;
  frequency: string | null;
  from: string | null;
  to: string | null;
  notes: string[];
  /** Why not all of its columns can be read. */
  problem: string | null;
}

/** The errors of one way to forecast. */
export interface Method {
  name: string;
  mae: number;
  rmse: number;
  mape: number | null;
  smape: number;
  mase: number | null;
  r2: number | null;
}

export interface BacktestResult {
  targets: string[];
  horizon: number;
  windows: number;
  coverage: number | null;
  /** The model first, then forecasts that need no network. */
  methods: (Method & { coverage?: number; width?: number })[];
  notes: string[];
  /** Where the model is no better than a rule; empty where it is better than all. */
  warnings: string[];
}

export interface ForecasterDescription {
  targets: string[];
  network: string;
  parameters: number;
  window: number;
  horizon: number;
  season: number;
  frequency: string;
  /** Rows that trained, validated, and were held out. */
  rows: [number, number, number] | null;
  /** Coverages of intervals that it can give. */
  coverage: number | null;
  /** Plain sentences: rows and series that training made no use of, and what else decided over the task; none of a model that was loaded. */
  notes: string[];
}

export interface VerifyOptions {
  /** Every so many of the cases alone. */
  every?: number;
}

export interface VerifyErrors {
  forward: number;
  gradients: number;
  update: number;
}

/** The worst of the cases of one cell at one precision; null is NaN. */
export interface VerifyRow {
  cell: string;
  precision: "f32" | "f16";
  tolerance: VerifyErrors;
  cases: number;
  worst: VerifyErrors;
  misses: string[];
}

export interface VerifyProgress {
  done: number;
  total: number;
  rows: VerifyRow[];
}

/** Milliseconds of a row of the benchmark table: the median, and what 10 % and 90 % of the samples stay below. */
export interface BenchTiming {
  name: string;
  median_ms: number;
  low_ms: number;
  high_ms: number;
}

export type Callback<T> = (about: T) => void | boolean | Promise<void | boolean>;
