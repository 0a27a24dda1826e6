using Xunit;

namespace Sluice.Engine.Tests;

/// <summary>What every engine promises; run for each that is shipped.</summary>
public abstract class EngineContractTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>An engine of at most 4 sequences per step and a context of 256.</summary>
    protected abstract IEngine Create();

    [Fact]
    public async Task Generation_gives_at_least_one_and_at_most_the_tokens_asked_for()
    {
        await using IEngine engine = Create();
        foreach (int most in (int[])[1, 2, 9])
        {
            EngineResult result = await engine.RunAsync(Generate([1, 2, 3], most), Cancellation);
            Assert.InRange(result.Tokens.Length, 1, most);
            Assert.Equal(result.Tokens.Length == most, result.FinishReason == FinishReason.Length);
            Assert.True(result.Steps > 0);
        }
    }

    [Fact]
    public async Task Past_the_end_exactly_the_tokens_asked_for_are_generated_up_to_the_context_length()
    {
        await using IEngine engine = Create();
        Assert.Equal(30, (await engine.RunAsync(Generate([1, 2, 3], 30) with { IgnoreEnd = true }, Cancellation)).Tokens.Length);
        EngineResult longest = await engine.RunAsync(Generate([1, 2, 3], int.MaxValue) with { IgnoreEnd = true }, Cancellation);
        Assert.Equal(engine.Info.ContextLength - 3, longest.Tokens.Length);
        Assert.Equal(FinishReason.Length, longest.FinishReason);
    }

    [Fact]
    public async Task The_same_request_gets_the_same_answer_alone_and_among_others()
    {
        await using IEngine engine = Create();
        EngineRequest[] requests =
            [.. Enumerable.Range(0, 30).Select(i => i % 3 == 0 ? Score([7, i], [1], [2, 3]) : i % 3 == 1 ? Embed([8, i]) : Generate([9, i, 2], 5 + i))];
        List<EngineResult> alone = [];
        foreach (EngineRequest request in requests)
            alone.Add(await engine.RunAsync(request, Cancellation));
        EngineResult[] together = await Task.WhenAll(requests.Select(request => engine.RunAsync(request, Cancellation)));
        for (int i = 0; i < requests.Length; i++)
        {
            Assert.Equal(alone[i].Tokens, together[i].Tokens);
            Assert.Equal(alone[i].Text, together[i].Text);
            Assert.Equal(alone[i].ChoiceLogprobs, together[i].ChoiceLogprobs);
            Assert.Equal(alone[i].Embedding, together[i].Embedding);
        }

        Assert.True(alone.Select(r => string.Join(',', r.Tokens)).Distinct().Count() > 5, "different prompts were meant to be answered differently");
    }

    [Fact]
    public async Task A_score_has_a_log_probability_per_choice()
    {
        await using IEngine engine = Create();
        EngineResult result = await engine.RunAsync(Score([1, 2], [3], [4, 5], [6, 7, 8]), Cancellation);
        Assert.Equal(3, result.ChoiceLogprobs.Length);
        Assert.All(result.ChoiceLogprobs, sum => Assert.InRange(sum, -1000, 0));
    }

    [Fact]
    public async Task An_embedding_has_length_one()
    {
        await using IEngine engine = Create();
        float[] embedding = (await engine.RunAsync(Embed([1, 2, 3, 4]), Cancellation)).Embedding;
        Assert.Equal(engine.Info.HiddenSize, embedding.Length);
        Assert.Equal(1, embedding.Sum(v => (double)v * v), 1e-5);
    }

    [Fact]
    public async Task Log_probabilities_come_one_per_token_with_the_alternatives_asked_for()
    {
        await using IEngine engine = Create();
        EngineResult result = await engine.RunAsync(Generate([1, 2, 3], 6) with { Logprobs = 3 }, Cancellation);
        Assert.Equal(result.Tokens, result.Logprobs.Select(l => l.Id));
        Assert.All(result.Logprobs, l => Assert.Equal(3, l.Top.Count));
        Assert.All(result.Logprobs, l => Assert.Equal((l.Id, l.Logprob), l.Top[0])); // greedy took the likeliest
        Assert.Empty((await engine.RunAsync(Generate([1, 2, 3], 6), Cancellation)).Logprobs);
    }

    [Fact]
    public async Task What_can_never_run_is_refused_with_the_field_and_the_limit()
    {
        await using IEngine engine = Create();
        async Task Refused(EngineRequest request, params string[] words)
        {
            ArgumentException refusal = await Assert.ThrowsAnyAsync<ArgumentException>(() => engine.RunAsync(request, Cancellation));
            Assert.All(words, word => Assert.Contains(word, refusal.Message, StringComparison.Ordinal));
        }

        await Refused(Generate([], 1), "Prompt");
        await Refused(Generate([1, -5], 1), "Prompt[1]", "-5");
        await Refused(Generate(new int[256], 1), "256", "257");
        await Refused(Generate([1], 0), "MaxTokens", "0");
        await Refused(Generate([1], 1) with { Logprobs = 21 }, "Logprobs", "21");
        await Refused(Generate([1], 1) with { Sampling = new SamplingOptions { TopP = 0 } }, "TopP");
        await Refused(Generate([1], 1) with { Sampling = new SamplingOptions { Temperature = float.NaN } }, "Temperature");
        await Refused(Score([1]), "Choices");
        await Refused(Score([1], [2], []), "Choices[1]");
        await Refused(Score(new int[250], [2], new int[7]), "257");
        await Refused(Embed(new int[257]), "257");
        Assert.Equal(0, engine.Load.Waiting + engine.Load.Running);
    }

    [Fact]
    public async Task One_that_was_cancelled_before_never_runs()
    {
        await using IEngine engine = Create();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => engine.RunAsync(Generate([1], 5), new CancellationToken(true)));
        Assert.Equal(0, engine.Load.Steps);
    }

    [Fact]
    public async Task Many_callers_at_once_all_get_their_answers_and_the_counters_add_up()
    {
        await using IEngine engine = Create();
        EngineResult[] results = await Task.WhenAll(Enumerable.Range(0, 200).Select(i =>
            Task.Run(() => engine.RunAsync(Generate([1, i % 50], 3) with { IgnoreEnd = true }, Cancellation))));
        Assert.Equal(600, results.Sum(r => r.Tokens.Length));
        EngineLoad load = engine.Load;
        Assert.Equal((0, 0), (load.Running, load.Waiting));
        Assert.Equal(400, load.PromptTokens);
        Assert.Equal(600, load.GeneratedTokens);
        Assert.Equal(engine.Info.TotalPages, load.FreePages);
        Assert.InRange(load.Steps, 50, 600);
    }

    [Fact]
    public async Task Disposing_cancels_what_waits_and_refuses_what_comes()
    {
        IEngine engine = Create();
        Task<EngineResult>[] tasks =
            [.. Enumerable.Range(0, 100).Select(i => engine.RunAsync(Generate([1, i % 60], 250) with { IgnoreEnd = true }, Cancellation))];
        await engine.DisposeAsync();
        await engine.DisposeAsync();
        int cancelled = 0;
        foreach (Task<EngineResult> task in tasks)
        {
            Assert.True(task.IsCompleted || await Task.WhenAny(task, Task.Delay(TimeSpan.FromSeconds(10), Cancellation)) == task);
            cancelled += task.IsCanceled ? 1 : 0;
        }

        Assert.True(cancelled > 50, $"{cancelled} of 100 were cancelled");
        await Assert.ThrowsAsync<ObjectDisposedException>(() => engine.RunAsync(Generate([1], 1), Cancellation));
    }

    protected static EngineRequest Generate(int[] prompt, int most) => new()
    {
        Scope = new CacheScope(1, 2),
        Kind = SequenceKind.Generate,
        Prompt = prompt,
        MaxTokens = most,
    };

    protected static EngineRequest Score(int[] prompt, params int[][] choices) => new()
    {
        Scope = new CacheScope(1, 2),
        Kind = SequenceKind.Score,
        Prompt = prompt,
        Choices = choices,
    };

    protected static EngineRequest Embed(int[] prompt) => new() { Scope = new CacheScope(1, 2), Kind = SequenceKind.Embed, Prompt = prompt };
}
