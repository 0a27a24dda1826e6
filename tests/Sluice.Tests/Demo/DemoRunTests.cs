using System.Net;
using System.Text.Json;
using Sluice.Cli;
using Sluice.Cli.Demo;
using Sluice.Cli.Jobs;
using Sluice.Jobs;
using Sluice.Tests.Cli;
using Xunit;

namespace Sluice.Tests.Demo;

public sealed class DemoRunTests
{
    [Fact]
    public async Task A_service_that_ends_no_job_is_given_up()
    {
        JobView queued = new()
        {
            Id = JobId.New(TimeProvider.System),
            State = JobState.Queued,
            Model = "tickets",
            Kind = JobKind.Score,
            Priority = JobClass.Standard,
            Namespace = "default",
            CreatedAt = DateTimeOffset.UnixEpoch,
        };
        using Scripted network = Scripted.Of(HttpStatusCode.OK, JsonSerializer.Serialize(queued, JobsJson.Default.JobView));
        using Terminal terminal = new() { In = TextReader.Null, Out = TextWriter.Null, Error = TextWriter.Null, Network = () => network };
        using ServiceClient client = new(terminal, new Uri("http://127.0.0.1/"), null);
        DemoRun run = new(client, "demo", _ => { }, new HurriedTime());

        CommandFailedException failure = await Assert.ThrowsAsync<CommandFailedException>(() => run.RunAsync([DemoCommand.ShippedTickets()[0]], CancellationToken.None));
        Assert.Contains("no job has ended for 60 s", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>A look at the clock takes half a minute; waiting takes none of it.</summary>
    private sealed class HurriedTime : TimeProvider
    {
        private long _seconds;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Add(ref _seconds, 30);
    }
}
