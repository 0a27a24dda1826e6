using Xunit;

namespace Sluice.Engine.Tests;

public sealed class StubEngineTests : EngineContractTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_text_says_that_it_is_a_stub_and_follows_the_prompt()
    {
        await using StubEngine engine = new(new StubOptions());
        string text = (await engine.RunAsync(Generate([1, 2], 9), Cancellation)).Text;
        Assert.Matches("^stub:[0-9a-f]{16}$", text);
        Assert.NotEqual(text, (await engine.RunAsync(Generate([2, 1], 9), Cancellation)).Text);
        Assert.Equal("stub", (await engine.RunAsync(Generate([1, 2], 9) with { Stop = [":"] }, Cancellation)).Text);
    }

    [Fact]
    public async Task A_batch_holds_no_more_than_its_limit()
    {
        await using StubEngine engine = new(new StubOptions { MaxSequences = 4 });
        await Task.WhenAll(Enumerable.Range(0, 41).Select(i => engine.RunAsync(Generate([i], 1), Cancellation)));
        Assert.InRange(((IEngine)engine).Load.Steps, 11, 41);
    }

    [Fact]
    public async Task One_that_is_made_to_throw_fails_alone()
    {
        await using StubEngine engine = new(new StubOptions { BatchTime = TimeSpan.FromMilliseconds(20), Fault = Faulty(StubFault.Throw) });
        Task<EngineResult> faulty = engine.RunAsync(Generate([13], 1), Cancellation);
        Task<EngineResult> other = engine.RunAsync(Generate([1], 1), Cancellation);
        await Assert.ThrowsAsync<InvalidOperationException>(() => faulty);
        Assert.Single((await other).Tokens);
    }

    [Fact]
    public async Task A_crash_takes_its_batch_along_and_the_engine_goes_on()
    {
        TaskCompletionSource started = new();
        await using StubEngine engine = new(new StubOptions
        {
            BatchTime = TimeSpan.FromMilliseconds(20),
            Fault = request =>
            {
                started.TrySetResult();
                return Faulty(StubFault.Crash)(request);
            },
        });
        Task<EngineResult> first = engine.RunAsync(Generate([1], 1), Cancellation);
        Task<EngineResult>[] batch = [.. ((int[])[2, 13, 3]).Select(id => engine.RunAsync(Generate([id], 1), Cancellation))];
        await Task.WhenAll(batch.Prepend(first)).ContinueWith(_ => { }, Cancellation, TaskContinuationOptions.None, TaskScheduler.Default);
        Assert.True(batch[1].IsFaulted);
        Assert.True(batch[0].IsFaulted && batch[2].IsFaulted);
        Assert.Single((await engine.RunAsync(Generate([1], 1), Cancellation)).Tokens);
    }

    [Fact]
    public async Task One_that_hangs_keeps_its_place_until_it_is_cancelled()
    {
        await using StubEngine engine = new(new StubOptions { MaxSequences = 1, Fault = Faulty(StubFault.Hang) });
        using CancellationTokenSource giveUp = new();
        Task<EngineResult> hangs = engine.RunAsync(Generate([13], 1), giveUp.Token);
        while (((IEngine)engine).Load.Running == 0)
            await Task.Delay(1, Cancellation);
        Task<EngineResult> waits = engine.RunAsync(Generate([1], 1), Cancellation);
        await Task.Delay(30, Cancellation);
        Assert.False(waits.IsCompleted || hangs.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hangs);
        Assert.Single((await waits).Tokens);
    }

    protected override IEngine Create() => new StubEngine(new StubOptions { MaxSequences = 4, ContextLength = 256 });

    private static Func<EngineRequest, StubFault> Faulty(StubFault fault) => request => request.Prompt[0] == 13 ? fault : StubFault.None;
}
