using Sluice.Engine.Backends;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Sluice.Engine.Sequences;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Measuring;

/// <summary>
/// Measures what attending to a common prefix together gains in a decode step of one layer: against a copy of the prefix for each sequence, and against
/// common pages that each sequence goes over by itself. What counting predicts stands beside it.
/// </summary>
/// <remarks>
/// Each measurement goes through pages that none before it has touched for longer than caches remember, as the layers of a model do. The prediction is the
/// ratio of the shortest times that the machine allows: the larger of bytes of keys and values, each page once, over the read bandwidth and of operations
/// over the peak of the instructions that attention takes here, both taken between the measurements.
/// </remarks>
public sealed unsafe class AttentionBench : IDisposable
{
    private const int TailPages = 2;
    private const long PoolBytes = 448L << 20;

    private readonly AttentionBenchOptions _options;
    private readonly ModelConfig _config;
    private readonly IBackend _cpu;
    private readonly PeakMeter _meter;
    private readonly KvPages _pages;
    private readonly SampleSet _samples = new();
    private int _cursor; // next page of the pool

    private AttentionBench(ModelConfig config, AttentionBenchOptions options)
    {
        _config = config;
        _options = options;
        _cpu = BackendPicker.Pick("cpu", options.Threads, assembled: true);
        _meter = new PeakMeter(options.Threads, options.ProcessorTime);
        long page = KvPages.BytesPerPage(1, config.KvHeads, config.HeadDim, options.Kv);
        int most = options.Members.Max() * (options.Prefixes.Max() / StepPlan.PageTokens + TailPages);
        _pages = new KvPages(1, (int)Math.Max(PoolBytes / page, most), config.KvHeads, config.HeadDim, options.Kv);
        _pages.Fill(0.03f);
    }

    /// <summary>Measures heads of the shape that the folder's config has; its weights are not read.</summary>
    public static AttentionFigures Run(string folder, AttentionBenchOptions options, Action<string> say, CancellationToken cancellationToken)
    {
        using AttentionBench bench = new(ModelConfig.Read(folder), options);
        return bench.Measure(say, cancellationToken);
    }

    public void Dispose()
    {
        _cpu.Dispose();
        _meter.Dispose();
        _pages.Dispose();
    }

    private AttentionFigures Measure(Action<string> say, CancellationToken cancellationToken)
    {
        if (_cpu.Refusal is { } refusal)
            say($"kernels assembled at start were refused by this host: {refusal}");
        List<AttentionGain> gains = [];
        foreach (int prefix in _options.Prefixes)
        {
            foreach (int members in _options.Members)
            {
                cancellationToken.ThrowIfCancellationRequested();
                AttentionGain gain = Measure(members, prefix);
                gains.Add(gain);
                say(FormattableString.Invariant($"{members} x {prefix}: {gain.Gain:0.00} x, {gain.PredictedGain:0.00} predicted"));
            }
        }

        return new AttentionFigures
        {
            Path = _cpu.Name,
            Kv = _options.Kv.Name(),
            Threads = _options.Threads,
            Repeats = _options.Repeats,
            Heads = _config.Heads,
            KvHeads = _config.KvHeads,
            HeadDim = _config.HeadDim,
            TailTokens = TailPages * StepPlan.PageTokens,
            PeakGflops = _samples.Median("peak"),
            ReadGbs = _samples.Median("read"),
            Gains = gains,
        };
    }

    private AttentionGain Measure(int members, int prefix)
    {
        SampleSet samples = new();
        int prefixPages = prefix / StepPlan.PageTokens;
        for (int repeat = 0; repeat < _options.Repeats; repeat++)
        {
            Peaks peaks = _meter.Measure();
            _samples.Add("peak", peaks.AttentionGflops(_cpu.Name, _options.Kv));
            _samples.Add("read", peaks.ReadGbs);
            double copies = Seconds(members, prefixPages, share: false, together: false);
            double together = Seconds(members, prefixPages, share: true, together: true);
            double apart = Seconds(members, prefixPages, share: true, together: false);
            samples.Add("copies", copies * 1e6);
            samples.Add("apart", apart * 1e6);
            samples.Add("together", together * 1e6);
            samples.Add("gain", copies / together);
            samples.Add("over_apart", apart / together);
            double least = Limit(members, prefixPages, copies: 1, peaks);
            samples.Add("predicted", Limit(members, prefixPages, copies: members, peaks) / least);
            samples.Add("share", least / together);
        }

        return new AttentionGain(
            members, prefix, samples.Median("copies"), samples.Median("apart"), samples.Median("together"), samples.Median("gain"),
            samples.Ranges()["gain"], samples.Median("predicted"), (double)members * (prefixPages + TailPages) / (prefixPages + (members * TailPages)),
            samples.Median("over_apart"), samples.Median("share"));
    }

    // Seconds of one step's attention in one layer: the mean over as many as go through the pool once.
    private double Seconds(int members, int prefixPages, bool share, bool together)
    {
        int need = (share ? prefixPages : members * prefixPages) + (members * TailPages);
        using Arena arena = new(2 * Arena.BytesOf(members, _config.Heads * _config.HeadDim));
        Matrix queries = arena.Take(members, _config.Heads * _config.HeadDim);
        Matrix y = arena.Take(members, _config.Heads * _config.HeadDim);
        for (int i = 0; i < members * queries.Stride; i++)
            queries.Data[i] = (i % 13 * 0.1f) - 0.6f;
        PrefixShape shape = PrefixShape.Of(_config.Heads, _config.KvHeads, _config.HeadDim, _options.Kv, _options.Threads);
        using StepLayout layout = new(members, members * (prefixPages + TailPages), _config.HeadDim, together ? new PrefixGroups(members, members, shape) : null);
        int rounds = Math.Max(1, _pages.Pages / need);
        double seconds = 0;
        for (int round = 0; round <= rounds; round++)
        {
            layout.Set(Plan(members, prefixPages, share, need));
            double start = PeakMeter.Clock(_options.ProcessorTime);
            _cpu.Attend(layout, queries, _pages, 0, y);
            seconds += round == 0 ? 0 : PeakMeter.Clock(_options.ProcessorTime) - start;
        }

        return seconds / rounds;
    }

    private StepPlan Plan(int members, int prefixPages, bool share, int need)
    {
        StepPlan plan = new(members, members, members * (prefixPages + TailPages)) { Rows = members, Segments = members };
        if (_cursor + need > _pages.Pages)
            _cursor = 0;
        int next = _cursor + (share ? prefixPages : 0);
        for (int s = 0; s < members; s++)
        {
            plan.SegmentRow[s + 1] = s + 1;
            plan.SegmentContext[s] = plan.Positions[s] = ((prefixPages + TailPages) * StepPlan.PageTokens) - 1;
            for (int page = 0; page < prefixPages + TailPages; page++)
                plan.Pages[plan.PageStart[s] + page] = share && page < prefixPages ? _cursor + page : next++;
            plan.PageStart[s + 1] = plan.PageStart[s] + prefixPages + TailPages;
        }

        _cursor += need;
        return plan;
    }

    private double Limit(int members, int prefixPages, int copies, Peaks peaks)
    {
        long bytes = ((copies * prefixPages) + (members * TailPages)) * _config.KvHeads * KvPages.BytesPerPage(1, 1, _config.HeadDim, _options.Kv);
        long operations = 4L * members * (prefixPages + TailPages) * StepPlan.PageTokens * _config.Heads * _config.HeadDim;
        return Math.Max(bytes / peaks.ReadGbs, operations / peaks.AttentionGflops(_cpu.Name, _options.Kv)) / 1e9;
    }
}
