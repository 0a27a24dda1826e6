using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Sluice.Engine.Sampling;
using Xunit;

namespace Sluice.Engine.Tests;

/// <summary>Two hundred random prompts on trained models: the greedy tokens of the plainest setting come out of every other.</summary>
public sealed class GreedySettingsTests(ITestOutputHelper output)
{
    private const int Prompts = 200;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // The plain and the assembled kernels of bytes and of every type of stored weights: float32 is stories260k's own.
    public static readonly TheoryData<string, WeightFormat, bool> Models = [.. from model in new[] { TrainedFolder.Demo, TrainedFolder.Stories, TrainedFolder.StoriesAsBFloat16 } from format in new[] { WeightFormat.Stored, WeightFormat.Int8 } where format == WeightFormat.Stored || model != TrainedFolder.StoriesAsBFloat16 from assembled in new[] { false, true } select (model, format, assembled)];

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Greedy_tokens_are_the_same_in_every_setting(string model, WeightFormat format, bool assembled)
    {
        using TrainedFolder trained = new(model);
        string folder = trained.Path;
        EngineRequest[] requests = Requests(folder);
        int[][] expected = await RunAsync(folder, format, assembled, requests, threads: 1, sequences: 1, stepTokens: 512, share: false);
        Assert.True(expected.Select(ids => string.Join(' ', ids)).Distinct().Count() > Prompts / 2, "the answers differ from each other");
        foreach ((int threads, int sequences, int stepTokens, bool share, int? pages) in ((int, int, int, bool, int?)[])
            [(1, 8, 512, true, null), (2, 64, 512, false, null), (1, 64, 7, true, null), (2, 32, 33, true, null), (3, 5, 64, true, null), (1, 64, 64, true, 16)])
        {
            int[][] found = await RunAsync(folder, format, assembled, requests, threads, sequences, stepTokens, share, pages);
            Same(expected, found, $"{threads} threads, {sequences} sequences, {stepTokens} tokens a step, prefixes {share}, pages {pages}");
        }
    }

    // The rows of logits themselves, which log-probabilities ask for, give what the largest of them alone gives.
    [Theory]
    [MemberData(nameof(Models))]
    public async Task Whole_rows_give_the_tokens_of_the_largest_alone(string model, WeightFormat format, bool assembled)
    {
        using TrainedFolder trained = new(model);
        string folder = trained.Path;
        EngineRequest[] requests = Requests(folder);
        int[][] largest = await RunAsync(folder, format, assembled, requests, 2, 32, 128, true);
        EngineRequest[] mixed = [.. requests.Select((request, i) => i % 3 == 0 ? request : request with { Logprobs = i % 2 })];
        Same(largest, await RunAsync(folder, format, assembled, mixed, 2, 32, 128, true), "log-probabilities");
    }

    [Fact]
    public async Task What_changes_logits_and_draws_works_in_a_batch_as_alone()
    {
        string folder = DemoFolders.Model;
        SamplingOptions[] ways =
        [
            new() { Temperature = 1, MinP = 0.2f, Seed = 1 },
            new() { Temperature = 0.8f, TopK = 5, TopP = 0.9f, Seed = 2 },
            new() { RepetitionPenalty = 1.5f, FrequencyPenalty = 0.3f, PresencePenalty = 0.2f },
            new() { LogitBias = [new(40, 3), new(41, -100)] },
            new() { Temperature = 1, LogitBias = [new(300, 2)], FrequencyPenalty = 0.5f, Seed = 3 },
            new(),
        ];
        EngineRequest[] requests = [.. Requests(folder).Select((request, i) => request with { Sampling = ways[i % ways.Length], Logprobs = i % 4 == 0 ? 3 : null })];
        EngineResult[] alone = await ResultsAsync(folder, WeightFormat.Stored, true, requests, 1, 1, 512, false);
        EngineResult[] together = await ResultsAsync(folder, WeightFormat.Stored, true, requests, 2, 48, 96, true);
        for (int i = 0; i < Prompts; i++)
        {
            Assert.Equal(alone[i].Tokens, together[i].Tokens);
            Assert.Equal(alone[i].Logprobs.Select(l => (l.Id, l.Logprob)), together[i].Logprobs.Select(l => (l.Id, l.Logprob)));
            Assert.Equal(alone[i].Logprobs.SelectMany(l => l.Top), together[i].Logprobs.SelectMany(l => l.Top));
            Assert.Equal(i % 4 == 0 ? alone[i].Tokens.Length : 0, together[i].Logprobs.Count);
            Assert.False(ways[i % ways.Length].LogitBias.Any(b => b.Bias < -50 && together[i].Tokens.Contains(b.Id)), "a token that was forbidden came");
        }

        string[] texts = [.. together.Take(ways.Length * 10).Select(r => string.Join(' ', r.Tokens))];
        Assert.True(texts.Distinct().Count() > texts.Length / 2);
    }

    // Half of them begin with one of a few longer texts, so that prefixes of every length are shared.
    private static EngineRequest[] Requests(string folder)
    {
        int vocabulary = ModelConfig.Read(folder).VocabularySize;
        return [.. Enumerable.Range(0, Prompts).Select(i => new EngineRequest
        {
            Scope = new CacheScope(1, 1),
            Kind = SequenceKind.Generate,
            Prompt = [.. Ids(i % 6, i % 2 == 0 ? 70 : 0), .. Ids(1000 + i, 1 + (i % 37))],
            MaxTokens = i % 8 == 0 ? 50 : 1 + (i % 16),
            IgnoreEnd = true,
        })];

        int[] Ids(int seed, int count) => [.. Enumerable.Range(0, count).Select(p => (int)(CounterRandom.Bits(seed, p) % (ulong)vocabulary))];
    }

    private void Same(int[][] expected, int[][] found, string setting)
    {
        for (int i = 0; i < Prompts; i++)
            Assert.True(expected[i].AsSpan().SequenceEqual(found[i]), $"prompt {i} with {setting}: {string.Join(' ', expected[i])} is not {string.Join(' ', found[i])}");
        output.WriteLine($"{Prompts} prompts, {expected.Sum(ids => ids.Length)} tokens: {setting}");
    }

    private static async Task<int[][]> RunAsync(
        string folder, WeightFormat format, bool assembled, EngineRequest[] requests, int threads, int sequences, int stepTokens, bool share, int? pages = null) =>
        [.. (await ResultsAsync(folder, format, assembled, requests, threads, sequences, stepTokens, share, pages)).Select(result => result.Tokens)];

    private static async Task<EngineResult[]> ResultsAsync(
        string folder, WeightFormat format, bool assembled, EngineRequest[] requests, int threads, int sequences, int stepTokens, bool share, int? pages = null)
    {
        ModelOptions options = new() { Threads = threads, MaxSequences = sequences, MaxStepTokens = stepTokens, Weights = format, Assembled = assembled, AssembledEvenSlow = assembled, KvBytes = 32 << 20 };
        if (pages is { } wanted)
            options = options with { KvBytes = ModelInspection.Read(folder, options).Memory.KvBytesPerPage * wanted };
        await using ModelEngine engine = ModelEngine.Load(folder, new EngineOptions { Model = options, SharePrefixes = share });
        EngineResult[] results = await Task.WhenAll(requests.Select(request => engine.RunAsync(request, Cancellation)));
        EngineLoad load = ((IEngine)engine).Load;
        Assert.True(!share || load.ComputedTokens < load.PromptTokens, "no prefix was shared");
        Assert.True(pages is null || load.Preemptions > 0, $"{pages} pages were meant to be too few");
        return results;
    }
}
