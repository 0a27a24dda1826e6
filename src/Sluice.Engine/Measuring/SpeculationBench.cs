using System.Globalization;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;

namespace Sluice.Engine.Measuring;

/// <summary>How <see cref="SpeculationBench"/> runs.</summary>
public sealed record SpeculationBenchOptions
{
    /// <summary>Of the target and of the draft model.</summary>
    public WeightFormat Weights { get; init; }

    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Runs with and without, in turn.</summary>
    public int Pairs { get; init; } = 15;

    /// <summary>Sequences at once, one figure for each.</summary>
    public IReadOnlyList<int> Batches { get; init; } = [1, 8, 32];

    /// <summary>Most tokens of an answer.</summary>
    public int MaxTokens { get; init; } = 96;

    /// <summary>Steps are timed by the processor, not by the wall: for a busy machine, with one thread.</summary>
    public bool ProcessorTime { get; init; }

    /// <summary>The draft model's folder; null leaves its measurements out.</summary>
    public string? DraftFolder { get; init; }
}

/// <summary>What speculation did for one workload at one batch size.</summary>
/// <param name="Speedup">Time in steps without over time in steps, drafts included, with it.</param>
/// <param name="TokensPerStep">Of one sequence, with it; 1 without.</param>
/// <param name="Drafted">Guesses looked at, all runs.</param>
/// <param name="Accepted">Those that stood.</param>
public sealed record SpeculationFigure(string Workload, int Batch, int Pairs, PairedRatio Speedup, double TokensPerStep, long Drafted, long Accepted);

/// <summary>
/// Greedy answers with speculation and without, in turn (A B B A), on two engines that differ in nothing else. Each measured run answers all prompts, so many
/// at a time; a first run of each warms up and is not counted. What counts is the time in steps: handing over and waking up are not the engine's. The first
/// workload has speculation on neither side: how far its ratio is from 1 is the error of the others. Fails where an answer is not the same with it.
/// </summary>
public static class SpeculationBench
{
    /// <summary>Throws what <see cref="ModelEngine.Load"/> throws.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="prompts">Token ids of each.</param>
    /// <param name="options">How.</param>
    /// <param name="say">Told in a line what has been measured.</param>
    /// <param name="cancellationToken">Ends the measuring.</param>
    public static async Task<IReadOnlyList<SpeculationFigure>> RunAsync(
        string folder, IReadOnlyList<int[]> prompts, SpeculationBenchOptions options, Action<string> say, CancellationToken cancellationToken)
    {
        List<SpeculationFigure> figures = [];
        int vocabulary = ModelConfig.Read(folder).VocabularySize;
        SpeculationOptions lookup = new() { Kind = SpeculationKind.PromptLookup };
        int[][] repeated = await RepeatAsync(folder, prompts, options, cancellationToken);
        await AddAsync("prompts, no speculation on either side", prompts, new SpeculationOptions());
        await AddAsync("repeated answers, prompt lookup", repeated, lookup);
        await AddAsync("prompts, prompt lookup", prompts, lookup);
        await AddAsync("prompts, wrong guesses", prompts, lookup with { Around = _ => new SpoilingDrafter(null, vocabulary) });
        if (options.DraftFolder is { } draft)
        {
            SpeculationOptions model = new() { Kind = SpeculationKind.DraftModel, DraftFolder = draft };
            await AddAsync("prompts, draft model", prompts, model);
            await AddAsync("prompts, wrong draft model", prompts, model with { Around = inner => new SpoilingDrafter(inner, vocabulary) });
        }

        return figures;

        async Task AddAsync(string workload, IReadOnlyList<int[]> asked, SpeculationOptions speculation)
        {
            foreach (int batch in options.Batches)
            {
                SpeculationFigure figure = await MeasureAsync(folder, workload, asked, batch, speculation, options, cancellationToken);
                figures.Add(figure);
                say(string.Create(CultureInfo.InvariantCulture, $"{workload}, batch {batch}: {figure.Speedup.Median:0.000} [{figure.Speedup.Low:0.000}, {figure.Speedup.High:0.000}], {figure.TokensPerStep:0.00} tokens a step, {figure.Accepted:N0} of {figure.Drafted:N0} guesses"));
            }
        }
    }

    // The prompt, the model's own answer, and the prompt again: what follows is said already.
    private static async Task<int[][]> RepeatAsync(string folder, IReadOnlyList<int[]> prompts, SpeculationBenchOptions options, CancellationToken cancellationToken)
    {
        await using ModelEngine engine = Load(folder, options, new SpeculationOptions(), _ => { });
        EngineResult[] answers = await Task.WhenAll(prompts.Select(prompt => engine.RunAsync(Request(prompt, options), cancellationToken)));
        return [.. prompts.Zip(answers, (prompt, answer) => (int[])[.. prompt, .. answer.Tokens, .. prompt]).Where(p => p.Length + options.MaxTokens <= engine.Info.ContextLength)];
    }

    private static async Task<SpeculationFigure> MeasureAsync(
        string folder, string workload, IReadOnlyList<int[]> prompts, int batch, SpeculationOptions speculation, SpeculationBenchOptions options, CancellationToken cancellationToken)
    {
        long stepping = 0; // ticks of a TimeSpan, of the engine that runs
        await using ModelEngine without = Load(folder, options, new SpeculationOptions(), Add);
        await using ModelEngine with = Load(folder, options, speculation, Add);
        EngineResult[] expected = await AnswerAsync(without, prompts, batch, options, cancellationToken);
        EngineResult[] found = await AnswerAsync(with, prompts, batch, options, cancellationToken);
        for (int i = 0; i < prompts.Count; i++)
        {
            if (!expected[i].Tokens.SequenceEqual(found[i].Tokens))
                throw new InvalidOperationException($"Prompt {i} is answered otherwise with speculation ({workload}, batch {batch}).");
        }

        List<double> ratios = [];
        EngineLoad before = ((IEngine)with).Load;
        double steps = 0, tokens = 0;
        for (int pair = 0; pair < options.Pairs; pair++)
        {
            double first = await TicksAsync(pair % 2 == 0 ? without : with);
            double second = await TicksAsync(pair % 2 == 0 ? with : without);
            ratios.Add(pair % 2 == 0 ? first / second : second / first);
        }

        EngineLoad after = ((IEngine)with).Load;
        return new SpeculationFigure(
            workload, batch, options.Pairs, PairedRatio.Of(ratios), tokens / steps, after.DraftedTokens - before.DraftedTokens, after.AcceptedTokens - before.AcceptedTokens);

        void Add(StepReport step) => Interlocked.Add(ref stepping, step.Duration.Ticks);

        async Task<double> TicksAsync(ModelEngine engine)
        {
            long start = Interlocked.Read(ref stepping);
            EngineResult[] results = await AnswerAsync(engine, prompts, batch, options, cancellationToken);
            if (engine == with)
            {
                steps += results.Sum(r => r.Steps - 1); // the prompt's step says one, as without
                tokens += results.Sum(r => r.Tokens.Length - (r.FinishReason == FinishReason.Stop ? 0 : 1));
            }

            return Interlocked.Read(ref stepping) - start;
        }
    }

    private static async Task<EngineResult[]> AnswerAsync(
        ModelEngine engine, IReadOnlyList<int[]> prompts, int batch, SpeculationBenchOptions options, CancellationToken cancellationToken)
    {
        List<EngineResult> results = [];
        foreach (int[][] wave in prompts.Chunk(batch))
            results.AddRange(await Task.WhenAll(wave.Select(prompt => engine.RunAsync(Request(prompt, options), cancellationToken))));
        return [.. results];
    }

    private static EngineRequest Request(int[] prompt, SpeculationBenchOptions options) => new()
    {
        Scope = default,
        Kind = SequenceKind.Generate,
        Prompt = prompt,
        MaxTokens = options.MaxTokens,
    };

    private static ModelEngine Load(string folder, SpeculationBenchOptions options, SpeculationOptions speculation, Action<StepReport> observer) => ModelEngine.Load(folder, new EngineOptions
    {
        Model = new ModelOptions { Threads = options.Threads, Weights = options.Weights },
        Speculation = speculation,
        StepObserver = observer,
        Clock = options.ProcessorTime ? new ProcessorClock() : TimeProvider.System,
    });

    private sealed class ProcessorClock : TimeProvider
    {
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Environment.CpuUsage.TotalTime.Ticks;
    }
}
