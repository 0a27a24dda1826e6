using Sluice.Engine.Backends.Cpu;
using Xunit;

namespace Sluice.Engine.Tests.Backends;

public sealed class RowWorkersTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Every_share_is_done_once_awake_or_asleep(int count)
    {
        using RowWorkers workers = new(count);
        long[] done = new long[count];
        for (int round = 1; round <= 3000; round++)
        {
            workers.Run(new Tally { Done = done });
            if (round % 1000 == 0)
                await Task.Delay(20, TestContext.Current.CancellationToken); // long enough for the workers to sleep
            Assert.All(done, value => Assert.Equal(round, value));
        }
    }

    private struct Tally : IWork
    {
        public long[] Done;

        public readonly void Run(int worker, int workers) => Done[worker] += Done.Length == workers ? 1 : 100;
    }
}
