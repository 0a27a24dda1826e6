using System.Diagnostics;
using System.Globalization;
using Sluice.Engine.Backends;
using Sluice.Engine.Backends.Cpu;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Sluice.Engine.Sequences;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Measuring;

/// <summary>
/// Measures a loaded model the way jobs use it, through <see cref="ModelEngine"/>, and the machine's peaks between the measurements: a share is that of
/// what the machine gave at that time.
/// </summary>
public sealed class EngineBench : IAsyncDisposable
{
    internal const int PromptTokens = 128, LongTokens = 2048;
    private const int KvPageCount = 768;
    private const int Generated = 32;
    private const int ScoringJobs = 64, SharedTokens = 256, OwnTokens = 32;
    private static readonly int[] _batches = [1, 8, 32];
    private static readonly string[] _shares = ["prefill", "decode_1", "decode_8", "decode_32", "scoring", "long_prefill", "long_decode"];

    private readonly ModelEngine _engine;
    private readonly EngineBenchOptions _options;
    private readonly StepLog _log;
    private readonly ProfilingBackend? _profiler;
    private readonly PeakMeter _meter;
    private readonly StepLimit _limit;
    private readonly Random _random = new(1);
    private readonly int _vocabulary;
    private readonly MemoryPlan _memory;
    private readonly long _before; // resident bytes before the model was loaded
    private readonly bool _storedBFloat16;
    private readonly SampleSet _samples = new();
    private readonly List<StepProfile> _profiles = [];
    private Peaks _peaks;

    private EngineBench(ModelEngine engine, ModelConfig config, MemoryPlan memory, EngineBenchOptions options, StepLog log, ProfilingBackend? profiler, long before)
    {
        _before = before;
        _memory = memory;
        _engine = engine;
        _options = options;
        _log = log;
        _profiler = profiler;
        _meter = new PeakMeter(options.Threads);
        _limit = new StepLimit(config, memory.WeightBytes, memory.KvBytesPerPage / StepPlan.PageTokens);
        _storedBFloat16 = config.DataType == DataType.BFloat16;
        _vocabulary = config.VocabularySize;
    }

    /// <summary>Loads the folder, measures and lets go of it. Throws what <see cref="ModelEngine.Load"/> throws.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="options">How.</param>
    /// <param name="say">Told in a line what has been done.</param>
    /// <param name="cancellationToken">Ends the measuring.</param>
    public static async Task<EngineFigures> RunAsync(string folder, EngineBenchOptions options, Action<string> say, CancellationToken cancellationToken)
    {
        StepLog log = new();
        ProfilingBackend? profiler = null;
        long before = ProcessMemory.Resident;
        ModelOptions model = new() { Threads = options.Threads, Weights = options.Weights, Kv = options.Kv, Assembled = options.Assembled, Around = options.Profile ? Wrap : null };
        ModelInspection inspection = ModelInspection.Read(folder, model);
        model = model with { KvBytes = inspection.Memory.KvBytesPerPage * KvPageCount };
        MemoryPlan memory = ModelInspection.Read(folder, model).Memory;
        say(string.Create(CultureInfo.InvariantCulture, $"memory: weights {memory.WeightBytes:N0} ({options.Weights.Name()}, {inspection.BytesByType.Values.Sum():N0} in the files), KV {memory.KvBytes:N0}, arena {memory.ArenaBytes:N0}, runtime about {memory.RuntimeBytes:N0} bytes"));
        if (inspection.Refusal is { } refusal)
            say($"kernels assembled at start were refused by this host: {refusal}");
        await using EngineBench bench = new(
            ModelEngine.Load(folder, new EngineOptions { Model = model, StepObserver = log.Add }), inspection.Config, memory, options, log, profiler, before);
        return await bench.MeasureAsync(say, cancellationToken);

        IBackend Wrap(IBackend backend) => profiler = new ProfilingBackend(backend);
    }

    public async ValueTask DisposeAsync()
    {
        _log.Release();
        await _engine.DisposeAsync();
        _log.Dispose();
        _meter.Dispose();
    }

    private async Task<EngineFigures> MeasureAsync(Action<string> say, CancellationToken cancellationToken)
    {
        await WarmAsync(cancellationToken);
        say("warm: every page of keys and values was written once, and code is compiled");
        for (int repeat = 0; repeat < _options.Repeats; repeat++)
        {
            int[][] prompts = Prompts(_batches[^1], PromptTokens);
            MeasurePeaks();
            await PrefillAsync(prompts, cancellationToken);
            foreach (int batch in _batches)
            {
                MeasurePeaks();
                await DecodeAsync(prompts[..batch], cancellationToken);
            }

            MeasurePeaks();
            await ScoreAsync(cancellationToken);
            await LongAsync(cancellationToken);
            say(string.Create(CultureInfo.InvariantCulture, $"round {repeat + 1}/{_options.Repeats}: {_samples.Last()}"));
        }

        if (_profiler is not null)
            await ProfileAsync(cancellationToken);
        return Figures();
    }

    /// <summary>Unmeasured: what a service that has run for a minute no longer pays, which made the first round a fifth slower than the others.</summary>
    private async Task WarmAsync(CancellationToken cancellationToken)
    {
        await RunAsync(Prompts(_batches[^1], PromptTokens), Generated + 1, cancellationToken);
        for (int pages = 0; pages < KvPageCount; pages += _batches[^1] * PromptTokens / StepPlan.PageTokens)
            await RunAsync(Prompts(_batches[^1], PromptTokens), 1, cancellationToken);
        _log.Take();
    }

    private async Task PrefillAsync(int[][] prompts, CancellationToken cancellationToken)
    {
        double seconds = await RunAsync(prompts, 1, cancellationToken);
        _samples.Add("prefill_tok_s", prompts.Length * PromptTokens / seconds);
        _samples.Add("share_prefill", _log.Take().Sum(step => Limit(step.Report)) / seconds);
    }

    // The prompts' pages are still there from the prefill, so nearly all steps decode. Only those that decode the whole batch and nothing else count.
    private async Task DecodeAsync(int[][] prompts, CancellationToken cancellationToken)
    {
        await RunAsync(prompts, Generated + 1, cancellationToken);
        IReadOnlyList<(StepReport Report, long End)> steps = _log.Take();
        double seconds = 0, limit = 0;
        int count = 0;
        for (int i = 1; i < steps.Count; i++)
        {
            if (steps[i].Report.PrefillTokens > 0 || steps[i].Report.DecodeTokens != prompts.Length)
                continue;
            seconds += Stopwatch.GetElapsedTime(steps[i - 1].End, steps[i].End).TotalSeconds;
            limit += Limit(steps[i].Report);
            count++;
        }

        _samples.Add($"decode_{prompts.Length}_tok_s", count * prompts.Length / seconds);
        _samples.Add($"share_decode_{prompts.Length}", limit / seconds);
    }

    private async Task ScoreAsync(CancellationToken cancellationToken)
    {
        int[] shared = Prompts(1, SharedTokens)[0];
        int[][] prompts = [.. Prompts(ScoringJobs, OwnTokens).Select(own => (int[])[.. shared, .. own])];
        double seconds = await RunAsync(prompts, 1, cancellationToken);
        _samples.Add("scoring_jobs_s", ScoringJobs / seconds);
        _samples.Add("share_scoring", _log.Take().Sum(step => Limit(step.Report)) / seconds);
    }

    private async Task LongAsync(CancellationToken cancellationToken)
    {
        int length = Math.Min(LongTokens, _engine.Info.ContextLength - Generated - 1);
        await RunAsync(Prompts(1, length), Generated + 1, cancellationToken);
        IReadOnlyList<(StepReport Report, long End)> steps = _log.Take();
        StepReport[] prefill = [.. steps.Select(s => s.Report).Where(s => s.PrefillTokens > 0)];
        StepReport[] decode = [.. steps.Select(s => s.Report).Where(s => s.PrefillTokens == 0)];
        AddLong("long_prefill", length, prefill);
        AddLong("long_decode", decode.Length, decode);
    }

    private void AddLong(string name, int tokens, StepReport[] steps)
    {
        double seconds = steps.Sum(step => step.Duration.TotalSeconds);
        _samples.Add(name + "_tok_s", tokens / seconds);
        _samples.Add("share_" + name, steps.Sum(step => Limit(step)) / seconds);
    }

    private async Task ProfileAsync(CancellationToken cancellationToken)
    {
        int[][] prompts = Prompts(_batches[^1], PromptTokens);
        MeasurePeaks();
        await ProfileAsync("prefill", _engine.Info.MaxStepTokens, prompts, 1, cancellationToken);
        foreach (int batch in _batches)
            await ProfileAsync($"decode_{batch}", batch, prompts[..batch], Generated + 1, cancellationToken);
    }

    private async Task ProfileAsync(string name, int rows, int[][] prompts, int generated, CancellationToken cancellationToken)
    {
        _profiler!.Reset(rows);
        _log.Take();
        await RunAsync(prompts, generated, cancellationToken);
        TimeSpan[] steps = [.. _log.Take().Where(s => s.Report.PrefillTokens + s.Report.DecodeTokens == rows).Select(s => s.Report.Duration)];
        if (_profiler.Steps > 0)
            _profiles.Add(ProfileReader.Read(name, rows, steps, _profiler, _peaks, LinearPeak(), AttentionPeak()));
    }

    /// <summary>Runs all together; returns the seconds until the last has its last token.</summary>
    private async Task<double> RunAsync(int[][] prompts, int generated, CancellationToken cancellationToken)
    {
        // The step of one token is held until all are handed over: they begin in the same step, however short steps are.
        _log.Hold();
        Task<EngineResult> first = _engine.RunAsync(Request([0], 1), cancellationToken);
        while (!_log.Holds && !first.IsCompleted)
            await Task.Yield();
        Task<EngineResult>[] running = [.. prompts.Select(prompt => _engine.RunAsync(Request(prompt, generated), cancellationToken))];
        _log.Take();
        long start = Stopwatch.GetTimestamp();
        _log.Release();
        await Task.WhenAll([first, .. running]);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static EngineRequest Request(int[] prompt, int generated) => new()
    {
        Scope = default,
        Kind = SequenceKind.Generate,
        Prompt = prompt,
        MaxTokens = generated,
        IgnoreEnd = true,
    };

    private int[][] Prompts(int count, int tokens)
    {
        int[][] prompts = new int[count][];
        for (int i = 0; i < count; i++)
        {
            prompts[i] = new int[tokens];
            for (int t = 0; t < tokens; t++)
                prompts[i][t] = _random.Next(_vocabulary);
        }

        return prompts;
    }

    private double Limit(StepReport step) => _limit.Seconds(step, _peaks.ReadGbs, LinearPeak(), AttentionPeak());

    private double AttentionPeak() => _peaks.AttentionGflops(_engine.Info.Backend, _options.Kv);

    // The peak of the instructions that products with the weights take here; half bytes are widened to float32 before they are multiplied.
    private double LinearPeak()
    {
        string backend = _engine.Info.Backend;
        double peak = _options.Weights switch
        {
            WeightFormat.Int8 => backend.Contains(CpuBackend.Int8Kernels, StringComparison.Ordinal) && _peaks.Vnni512Gops > 0 ? _peaks.Vnni512Gops : _peaks.ByteGops,
            WeightFormat.Stored => backend.Contains(CpuBackend.BFloat16Kernels, StringComparison.Ordinal) && _storedBFloat16 ? _peaks.BFloat16Gflops : 0,
            _ => 0,
        };
        return peak > 0 ? peak : _peaks.FmaGflops;
    }

    private void MeasurePeaks()
    {
        _peaks = _meter.Measure();
        _samples.Add("peak_gops", LinearPeak());
        _samples.Add("fma_peak_gflops", _peaks.FmaGflops);
        _samples.Add("byte_gops", _peaks.ByteGops);
        _samples.Add("bf16_gflops", _peaks.BFloat16Gflops);
        _samples.Add("vnni512_gops", _peaks.Vnni512Gops);
        _samples.Add("read_gbs", _peaks.ReadGbs);
    }

    private EngineFigures Figures() => new()
    {
        Path = _engine.Info.Backend,
        Dtype = _options.Weights.Name(),
        Threads = _options.Threads,
        Repeats = _options.Repeats,
        WeightBytes = _memory.WeightBytes,
        PlannedBytes = _memory.TotalBytes,
        PeakBytes = Math.Max(0, ProcessMemory.Peak - _before - PeakMeter.BufferBytes),
        PeakGops = _samples.Median("peak_gops"),
        FmaPeakGflops = _samples.Median("fma_peak_gflops"),
        ReadGbs = _samples.Median("read_gbs"),
        PrefillTokS = _samples.Median("prefill_tok_s"),
        DecodeTokS = _batches.ToDictionary(batch => batch.ToString(CultureInfo.InvariantCulture), batch => _samples.Median($"decode_{batch}_tok_s")),
        ScoringJobsS = _samples.Median("scoring_jobs_s"),
        LongPrefillTokS = _samples.Median("long_prefill_tok_s"),
        LongDecodeTokS = _samples.Median("long_decode_tok_s"),
        Share = _shares.ToDictionary(name => name, name => _samples.Median("share_" + name)),
        Range = _samples.Ranges(),
        Profile = _profiles,
    };
}
