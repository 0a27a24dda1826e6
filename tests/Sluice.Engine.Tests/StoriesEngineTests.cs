using System.Text.Json;
using Sluice.Engine.Models;
using Sluice.Engine.Sampling;
using Sluice.Engine.Sequences;
using Xunit;

namespace Sluice.Engine.Tests;

/// <summary>A trained model through the whole engine: the golden continuations come out whatever the shape of the steps.</summary>
public sealed class StoriesEngineTests
{
    private const string Folder = "models/stories260k";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 1, true)]
    [InlineData(1, 4, false)]
    [InlineData(7, 2, true)]
    [InlineData(7, 64, false)]
    [InlineData(64, 1, false)]
    [InlineData(64, 8, true)]
    [InlineData(64, 64, true)]
    [InlineData(512, 64, false)]
    public async Task Every_prompt_alone_and_all_in_one_batch_gives_the_golden_ids(int stepTokens, int sequences, bool share)
    {
        Golden[] golden = Golden.Read(SharedFiles.FindOrSkip(Folder + "/golden.json"));
        await using ModelEngine engine = Open(stepTokens, sequences, share);
        foreach (Golden one in golden)
            Check(one, await engine.RunAsync(Generate(one), Cancellation));
        // Twice each: the second finds the first's pages, or computes beside it.
        EngineResult[] together = await Task.WhenAll(golden.Concat(golden).Select(one => engine.RunAsync(Generate(one), Cancellation)));
        for (int i = 0; i < together.Length; i++)
            Check(golden[i % golden.Length], together[i]);
    }

    [Fact]
    public async Task Too_few_pages_for_all_change_no_token()
    {
        Golden[] golden = Golden.Read(SharedFiles.FindOrSkip(Folder + "/golden.json"));
        await using ModelEngine engine = Open(64, 64, share: true, pages: 12);
        EngineResult[] together = await Task.WhenAll(golden.Concat(golden).Select(one => engine.RunAsync(Generate(one), Cancellation)));
        for (int i = 0; i < together.Length; i++)
            Check(golden[i % golden.Length], together[i]);
        EngineLoad load = ((IEngine)engine).Load;
        Assert.True(load.Preemptions > 0, "12 pages were meant to be too few");
        Assert.Equal(12, load.FreePages);
    }

    [Fact]
    public async Task A_stop_text_across_tokens_cuts_the_story()
    {
        Golden golden = Golden.Read(SharedFiles.FindOrSkip(Folder + "/golden.json"))[1];
        await using ModelEngine engine = Open(64, 8, share: true);
        foreach (string stop in (string[])["named Lily. She", "ittle gi", ", there", "y outs"])
        {
            int at = golden.Text.IndexOf(stop, StringComparison.Ordinal);
            Assert.True(at >= 0);
            EngineResult result = await engine.RunAsync(Generate(golden) with { Stop = [stop, "never in a story"] }, Cancellation);
            Assert.Equal(golden.Text[..at], result.Text);
            Assert.Equal(FinishReason.Stop, result.FinishReason);
            Assert.True(result.Tokens.Length < golden.GreedyIds.Length);
            Assert.Equal(golden.GreedyIds[..result.Tokens.Length], result.Tokens);
        }
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(64, false)]
    public async Task A_score_is_the_sum_of_forward_passes_one_by_one(int stepTokens, bool share)
    {
        Golden[] golden = Golden.Read(SharedFiles.FindOrSkip(Folder + "/golden.json"));
        await using ModelEngine engine = Open(stepTokens, 8, share);
        using Model model = Model.Load(SharedFiles.FindOrSkip(Folder), new ModelOptions { Threads = 1 });
        foreach (Golden one in golden)
        {
            int[][] choices = [one.GreedyIds[..1], one.GreedyIds[..20], golden[0].GreedyIds[5..9]];
            EngineResult result = await engine.RunAsync(Request(SequenceKind.Score, one) with { Choices = choices }, Cancellation);
            for (int c = 0; c < choices.Length; c++)
                Assert.Equal(OneByOne(model, one.PromptIds, choices[c]), result.ChoiceLogprobs[c]);
        }
    }

    [Fact]
    public async Task An_embedding_is_the_same_to_the_bit_in_every_shape_of_steps()
    {
        Golden golden = Golden.Read(SharedFiles.FindOrSkip(Folder + "/golden.json"))[1];
        EngineRequest request = Request(SequenceKind.Embed, golden) with { Prompt = [.. golden.PromptIds, .. golden.GreedyIds] };
        List<float[]> embeddings = [];
        foreach (int stepTokens in (int[])[1, 7, 64, 512])
        {
            await using ModelEngine engine = Open(stepTokens, 4, share: true);
            EngineResult[] results = await Task.WhenAll(
                engine.RunAsync(Generate(golden), Cancellation).ContinueWith(t => new EngineResult(), Cancellation, TaskContinuationOptions.None, TaskScheduler.Default),
                engine.RunAsync(request, Cancellation),
                engine.RunAsync(request, Cancellation));
            embeddings.Add(results[1].Embedding);
            embeddings.Add(results[2].Embedding);
        }

        Assert.All(embeddings, e => Assert.Equal(embeddings[0], e));
    }

    [Fact]
    public async Task A_seed_tells_the_same_story_beside_others()
    {
        Golden[] golden = Golden.Read(SharedFiles.FindOrSkip(Folder + "/golden.json"));
        SamplingOptions sampling = new() { Temperature = 1, TopP = 0.95f, Seed = 99 };
        await using ModelEngine engine = Open(64, 8, share: true);
        EngineResult alone = await engine.RunAsync(Generate(golden[0]) with { Sampling = sampling }, Cancellation);
        EngineResult[] others = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            engine.RunAsync(Generate(golden[0]) with { Sampling = sampling with { Seed = i < 2 ? 99 : i } }, Cancellation)));
        Assert.Equal(alone.Tokens, others[0].Tokens);
        Assert.Equal(alone.Tokens, others[1].Tokens);
        Assert.Equal(7, others.Select(r => r.Text).Distinct().Count());
    }

    private static void Check(Golden golden, EngineResult result)
    {
        Assert.Equal(golden.GreedyIds, result.Tokens);
        Assert.Equal(golden.Text, result.Text);
    }

    private static ModelEngine Open(int stepTokens, int sequences, bool share, int? pages = null)
    {
        string folder = SharedFiles.FindOrSkip(Folder);
        ModelOptions limits = new() { MaxStepTokens = stepTokens, MaxSequences = sequences, Threads = 1 };
        if (pages is { } wanted)
        {
            using Model measure = Model.Load(folder, limits);
            limits = limits with { KvBytes = measure.Memory.KvBytesPerPage * wanted };
        }

        return ModelEngine.Load(folder, new EngineOptions { Model = limits, SharePrefixes = share });
    }

    private static EngineRequest Generate(Golden golden) =>
        Request(SequenceKind.Generate, golden) with { MaxTokens = golden.GreedyIds.Length, IgnoreEnd = true };

    private static EngineRequest Request(SequenceKind kind, Golden golden) => new() { Scope = new CacheScope(4, 2), Kind = kind, Prompt = golden.PromptIds };

    // A whole forward pass per token, each from nothing, in pages that nobody shares.
    private static double OneByOne(Model model, int[] prompt, int[] choice)
    {
        LogProbabilities logProbabilities = new(model.Config.VocabularySize);
        double sum = 0;
        for (int i = 0; i < choice.Length; i++)
        {
            int[] tokens = [.. prompt, .. choice[..i]];
            StepPlan plan = new(512, 1, 32) { Rows = tokens.Length, Segments = 1, Outputs = 1 };
            for (int p = 0; p < tokens.Length; p++)
                (plan.Tokens[p], plan.Positions[p]) = (tokens[p], p);
            plan.OutputRows[0] = tokens.Length - 1;
            plan.SegmentRow[1] = tokens.Length;
            plan.PageStart[1] = (tokens.Length + StepPlan.PageTokens - 1) / StepPlan.PageTokens;
            for (int page = 0; page < plan.PageStart[1]; page++)
                plan.Pages[page] = page;
            model.Forward(plan);
            ReadOnlySpan<float> logits = model.Logits(0);
            sum += logits[choice[i]] - logProbabilities.Normalizer(logits);
        }

        return sum;
    }

    private sealed record Golden(int[] PromptIds, int[] GreedyIds, string Text)
    {
        public static Golden[] Read(string path)
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
            return [.. document.RootElement.EnumerateArray().Select(e => new Golden(Ids(e, "prompt_ids"), Ids(e, "greedy_ids"), e.GetProperty("text").GetString()!))];
        }

        private static int[] Ids(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
    }
}
