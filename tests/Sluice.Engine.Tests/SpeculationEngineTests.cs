using Sluice.Engine.Cache;
using Sluice.Engine.Measuring;
using Sluice.Engine.Models;
using Sluice.Engine.Planning;
using Sluice.Engine.Quantization;
using Sluice.Engine.Sampling;
using Sluice.Engine.Speculation;
using Sluice.Engine.Tests.Models;
using Xunit;

namespace Sluice.Engine.Tests;

/// <summary>Trained models through the whole engine with every drafter: the tokens are those of the engine without.</summary>
public sealed class SpeculationEngineTests
{
    private const int Prompts = 200;
    private const int Generated = 24;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(TrainedFolder.Demo, WeightFormat.Stored)]
    [InlineData(TrainedFolder.Demo, WeightFormat.Int8)]
    [InlineData(TrainedFolder.Stories, WeightFormat.Stored)]
    [InlineData(TrainedFolder.Stories, WeightFormat.Int8)]
    [InlineData(TrainedFolder.StoriesAsBFloat16, WeightFormat.Stored)]
    public async Task Greedy_tokens_of_200_prompts_are_the_same_with_every_drafter(string trained, WeightFormat weights)
    {
        // stories260k has no sibling: it drafts for itself, so all its guesses stand.
        using TrainedFolder files = new(trained);
        bool demo = trained == TrainedFolder.Demo;
        string folder = files.Path;
        string draft = demo ? DemoFolders.Draft : folder;
        int vocabulary = ModelConfig.Read(folder).VocabularySize;
        EngineRequest[] requests = [.. Enumerable.Range(0, Prompts).Select(i => Generate(RandomPrompt(i, vocabulary)))];
        EngineResult[] expected = await RunAsync(folder, new SpeculationOptions(), weights, 64, requests);
        Assert.All(expected, e => Assert.Equal(0, e.DraftedTokens));

        SpeculationOptions lookup = new() { Kind = SpeculationKind.PromptLookup, Adaptive = false, MaxTokens = 5 };
        SpeculationOptions model = new() { Kind = SpeculationKind.DraftModel, DraftFolder = draft, Adaptive = false, MaxTokens = 5 };
        // Where a step holds fewer tokens than a prompt has, prompts come in chunks between guesses, and guesses have what room is left.
        (SpeculationOptions Options, int Sequences, int Threads, int StepTokens, double Least, double Most)[] settings =
        [
            (lookup, 64, 1, 512, 0.01, 1), (lookup, 3, 2, 24, 0.01, 1), (model, 64, 2, 512, demo ? 0.05 : 1, 1), (model, 7, 1, 25, demo ? 0.05 : 1, 1),
            (model with { Around = inner => new SpoilingDrafter(inner, vocabulary) }, 16, 2, 50, 0, 0.3),
            (lookup with { Around = _ => new SpoilingDrafter(null, vocabulary) }, 64, 1, 512, 0, 0.3), (model with { Adaptive = true }, 64, 2, 90, 0, 1),
        ];
        foreach ((SpeculationOptions options, int sequences, int threads, int stepTokens, double least, double most) in settings)
        {
            EngineResult[] found = await RunAsync(folder, options, weights, sequences, requests, threads, stepTokens);
            for (int i = 0; i < Prompts; i++)
                Assert.Equal(expected[i].Tokens, found[i].Tokens);
            double share = found.Sum(r => r.AcceptedTokens) / Math.Max(1.0, found.Sum(r => r.DraftedTokens));
            Assert.InRange(share, least, most);
            Assert.True(options.Adaptive || found.Sum(r => r.DraftedTokens) > 50, $"{options.Kind}, {sequences} sequences: {found.Sum(r => r.DraftedTokens)} guesses");
        }
    }

    [Fact]
    public async Task Seeds_penalties_stop_texts_and_log_probabilities_give_the_same_with_a_draft_model()
    {
        SamplingOptions[] ways =
        [
            new() { Temperature = 0.9f, Seed = 5 }, new() { Temperature = 1.2f, TopK = 40, TopP = 0.95f, Seed = 6 }, new() { Temperature = 0.8f, MinP = 0.05f, Seed = 7 },
            new() { LogitBias = [new LogitBias(300, 4), new LogitBias(7, -100)] }, new() { RepetitionPenalty = 1.2f, FrequencyPenalty = 0.2f, PresencePenalty = 0.1f }, new() { Temperature = 0.5f, FrequencyPenalty = 0.5f, Seed = 8 },
        ];
        EngineRequest[] requests = [.. Enumerable.Range(0, 40).Select(i =>
            Generate(RandomPrompt(i, 1024)) with { Sampling = ways[i % ways.Length], Logprobs = i % 3, Stop = i % 4 == 0 ? ["e", "or"] : [] })];
        EngineResult[] expected = await RunAsync(DemoFolders.Model, new SpeculationOptions(), WeightFormat.Stored, 16, requests);
        EngineResult[] found = await RunAsync(DemoFolders.Model, Draft with { Adaptive = false }, WeightFormat.Stored, 16, requests);
        for (int i = 0; i < requests.Length; i++)
        {
            Assert.Equal(expected[i].Tokens, found[i].Tokens);
            Assert.Equal((expected[i].Text, expected[i].FinishReason), (found[i].Text, found[i].FinishReason));
            Assert.Equal(expected[i].Logprobs.Select(Flat), found[i].Logprobs.Select(Flat));
        }

        Assert.True(found.Sum(r => r.AcceptedTokens) > 50);
        Assert.Contains(expected, e => e.FinishReason == FinishReason.Stop);

        static string Flat(SampledToken token) => $"{token.Id} {token.Logprob:R} {string.Join(';', token.Top.Select(t => $"{t.Id} {t.Logprob:R}"))}";
    }

    [Fact]
    public async Task Without_a_seed_the_first_tokens_are_distributed_as_without_guesses()
    {
        // The second token after a prompt is the first that is guessed.
        EngineRequest request = Generate([0, 9, 14, 200, 31]) with { MaxTokens = 3, Sampling = new SamplingOptions { Temperature = 2.5f, TopK = 8 } };
        EngineRequest[] requests = [.. Enumerable.Repeat(request, 6000)];
        Dictionary<int, int> plain = Count(await RunAsync(DemoFolders.Model, new SpeculationOptions(), WeightFormat.Stored, 64, requests));
        EngineResult[] found = await RunAsync(DemoFolders.Model, Draft with { Adaptive = false }, WeightFormat.Stored, 64, requests);
        Dictionary<int, int> guessed = Count(found);
        int accepted = found.Sum(r => r.AcceptedTokens);
        Assert.InRange(accepted, 200, found.Sum(r => r.DraftedTokens) - 200);

        // Two samples of one distribution: chi-square of homogeneity over the pairs of tokens seen often enough.
        double sum = 0;
        int degrees = -1;
        foreach (int pair in plain.Keys.Union(guessed.Keys))
        {
            double a = plain.GetValueOrDefault(pair), b = guessed.GetValueOrDefault(pair);
            if (a + b < 20)
                continue;
            sum += (a - b) * (a - b) / (a + b);
            degrees++;
        }

        double part = 2.0 / (9 * degrees);
        double critical = degrees * Math.Pow(1 - part + (3.0902 * Math.Sqrt(part)), 3);
        Assert.True(degrees >= 5 && sum < critical, $"chi-square {sum:0.0} of {degrees} degrees, critical {critical:0.0}");

        static Dictionary<int, int> Count(EngineResult[] results) =>
            results.GroupBy(r => r.Tokens.Length > 1 ? (r.Tokens[0] * 1024) + r.Tokens[1] : -1).ToDictionary(g => g.Key, g => g.Count());
    }

    [Fact]
    public async Task Cancelling_at_random_while_a_draft_model_guesses_leaves_no_page_behind()
    {
        EngineOptions options = Options(Draft with { Adaptive = false }, WeightFormat.Stored, 8);
        long page = ModelInspection.Read(DemoFolders.Model, options.Model).Memory.KvBytesPerPage + ModelInspection.Read(DemoFolders.Draft, options.Model).Memory.KvBytesPerPage;
        await using ModelEngine engine = ModelEngine.Load(DemoFolders.Model, options with { Model = options.Model with { KvBytes = 30 * page } });
        Assert.Equal(30, engine.Info.TotalPages);
        EngineRequest[] requests = [.. Enumerable.Range(0, 12).Select(i => Generate(RandomPrompt(i, 1024)) with { MaxTokens = 60 })];
        EngineResult[] expected = await RunAsync(DemoFolders.Model, new SpeculationOptions(), WeightFormat.Stored, 8, requests);
        Random random = new(5);
        int cancelled = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), Cancellation, async (i, _) =>
        {
            TimeSpan patience;
            lock (random)
                patience = TimeSpan.FromMicroseconds(random.Next(1, 40_000));
            using CancellationTokenSource giveUp = new(patience);
            try
            {
                Assert.Equal(expected[i % 12].Tokens, (await engine.RunAsync(requests[i % 12], giveUp.Token)).Tokens);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref cancelled);
            }
        });
        EngineResult[] all = await Task.WhenAll(requests.Select(r => engine.RunAsync(r, Cancellation)));
        for (int i = 0; i < all.Length; i++)
            Assert.Equal(expected[i].Tokens, all[i].Tokens);
        EngineLoad load = ((IEngine)engine).Load;
        Assert.Equal((0, 0, 30), (load.Running, load.Waiting, load.FreePages));
        Assert.True(load.Preemptions > 0, "30 pages were meant to be too few");
        Assert.True(load.AcceptedTokens > 0 && load.AcceptedTokens < load.DraftedTokens);
        Assert.InRange(cancelled, 1, 200);
    }

    [Fact]
    public async Task What_was_guessed_is_in_results_reports_and_counters()
    {
        List<StepReport> reports = [];
        EngineOptions options = Options(Draft with { Adaptive = false }, WeightFormat.Stored, 4);
        await using ModelEngine engine = ModelEngine.Load(DemoFolders.Model, options with
        {
            StepObserver = report =>
            {
                lock (reports)
                    reports.Add(report);
            },
        });
        EngineResult[] results = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => engine.RunAsync(Generate(RandomPrompt(i, 1024)), Cancellation)));
        EngineLoad load = ((IEngine)engine).Load;
        int drafted = results.Sum(r => r.DraftedTokens), accepted = results.Sum(r => r.AcceptedTokens);
        Assert.Equal((drafted, accepted), ((int)load.DraftedTokens, (int)load.AcceptedTokens));
        lock (reports)
        {
            Assert.Equal((drafted, accepted), (reports.Sum(r => r.DraftedTokens), reports.Sum(r => r.AcceptedTokens)));
            Assert.Equal(6 * Generated, 6 + reports.Sum(r => r.DecodeTokens + r.AcceptedTokens)); // a prompt's step says one
        }

        Assert.All(results, r => Assert.True(r.AcceptedTokens <= r.DraftedTokens && r.Steps < Generated));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Warm_steps_with_a_draft_model_allocate_nothing(bool adaptive)
    {
        using Model model = Model.Load(DemoFolders.Model, new ModelOptions { Threads = 1 });
        PrefixCache cache = new(new PagePool(model.Memory.Pages), share: true);
        PlannerLimits limits = new(64, 512, 128, model.Config.ContextLength);
        StepClock clock = new();
        using Speculator speculator = new(
            new DraftModelDrafter(Model.Load(DemoFolders.Draft, new ModelOptions { Threads = 1 }), share: true), limits, 4, adaptive, clock);
        Planner planner = new(limits, cache) { Speculator = speculator };
        StepModel steps = new(model.Forward, model.Logits, model.Largest, model.Hidden, model.CopyPage);
        StepReader reader = new(steps, planner, model.Config.VocabularySize, []);
        SamplingOptions[] ways = [SamplingOptions.Greedy, new() { Temperature = 1 }, new() { Temperature = 1, Seed = 3, TopP = 0.9f }, new() { RepetitionPenalty = 1.1f }];
        for (int i = 0; i < 4; i++)
            planner.Add(new Sequence(Generate(RandomPrompt(i, 1024)) with { MaxTokens = 1000, Sampling = ways[i] }, model.Config.ContextLength) { Seed = i });
        List<Sequence> finished = [];
        Run(30);
        long drafted = reader.DraftedTokens;
        Assert.Equal(0, Allocations.Least(() => Run(30)));
        Assert.Equal(4, planner.Running.Count(s => s.Decoding));
        Assert.True(reader.DraftedTokens > drafted, "guesses were meant to be in the steps that were looked at");

        void Run(int count)
        {
            for (int i = 0; i < count; i++)
            {
                speculator.Guess(planner.Running, planner.Waiting > 0);
                Step step = planner.Next();
                steps.Run(step);
                planner.Commit();
                reader.Read(step, finished);
                speculator.Observe(step, ticks: 1000); // whatever is guessed: it pays
            }
        }
    }

    [Fact]
    public void A_draft_model_of_other_tokens_is_refused_and_both_are_named()
    {
        string stories = SharedFiles.FindOrSkip("models/stories260k");
        ArgumentException refusal = Assert.ThrowsAny<ArgumentException>(() => ModelEngine.Load(DemoFolders.Model, new EngineOptions
        {
            Speculation = new SpeculationOptions { Kind = SpeculationKind.DraftModel, DraftFolder = stories },
        }));
        foreach (string part in (string[])[DemoFolders.Model, stories, "1024", "512"])
            Assert.Contains(part, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SpeculationKind.DraftModel, null, 8, "DraftFolder")]
    [InlineData(SpeculationKind.PromptLookup, "x", 8, "DraftFolder")]
    [InlineData(SpeculationKind.PromptLookup, null, 16, "16")]
    [InlineData(SpeculationKind.PromptLookup, null, 0, "MaxTokens")]
    public void Options_that_make_no_sense_are_refused(SpeculationKind kind, string? folder, int most, string named)
    {
        SpeculationOptions options = new() { Kind = kind, DraftFolder = folder, MaxTokens = most };
        ArgumentException refusal = Assert.ThrowsAny<ArgumentException>(() => ModelEngine.Load(DemoFolders.Model, new EngineOptions { Speculation = options }));
        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_models_have_to_fit_into_the_memory_there_is()
    {
        ModelOptions model = new() { Threads = 1, KvBytes = 4 << 20 };
        long alone = ModelInspection.Read(DemoFolders.Model, model).Memory.TotalBytes;
        EngineOptions options = new() { Model = model with { MemoryLimit = alone + 100_000 } };
        Assert.Throws<InsufficientMemoryException>(() => ModelEngine.Load(DemoFolders.Model, options with { Speculation = Draft }));
    }

    private static SpeculationOptions Draft => new() { Kind = SpeculationKind.DraftModel, DraftFolder = DemoFolders.Draft, MaxTokens = 5 };

    private static EngineOptions Options(SpeculationOptions speculation, WeightFormat weights, int sequences, int threads = 1, int stepTokens = 512) => new()
    {
        Model = new ModelOptions { Threads = threads, Weights = weights, MaxSequences = sequences, MaxStepTokens = stepTokens, KvBytes = 64 << 20 },
        Speculation = speculation,
    };

    private static async Task<EngineResult[]> RunAsync(
        string folder, SpeculationOptions speculation, WeightFormat weights, int sequences, EngineRequest[] requests, int threads = 1, int stepTokens = 512)
    {
        await using ModelEngine engine = ModelEngine.Load(folder, Options(speculation, weights, sequences, threads, stepTokens));
        return await Task.WhenAll(requests.Select(request => engine.RunAsync(request, Cancellation)));
    }

    private static EngineRequest Generate(int[] prompt) => new()
    {
        Scope = new CacheScope(4, 2),
        Kind = SequenceKind.Generate,
        Prompt = prompt,
        MaxTokens = Generated,
        IgnoreEnd = true,
    };

    // Stands still: drafts cost nothing.
    private sealed class StepClock : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }

    // Every other one repeats itself, so that there is something to look up.
    private static int[] RandomPrompt(int seed, int vocabulary)
    {
        int[] ids = new int[3 + (int)(CounterRandom.Bits(seed, -1) % 60)];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = (int)(CounterRandom.Bits(seed, seed % 2 == 0 ? i : i % 7) % (ulong)vocabulary);
        return ids;
    }
}
