using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using MassTransit;
using Sluice.Integration.Tests.Inference;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Queue;

/// <summary>A producer that sends what is no submit among submits that are.</summary>
[Collection(PostgresTests.Name)]
public sealed partial class GarbageTests(PostgresDatabase database) : RealRigs(database)
{
    private const int Bad = 1_000;
    private const int Good = 100;
    private const int PreconditionFailed = 406;
    private const long MostKept = 64 << 20; // bytes

    private string Trap => $"{Broker.Prefix}-forged";

    private static string Job(string key) => $$"""{"schema_version":1,"idempotency_key":"{{key}}","job":{"model":"stub","prompt":"{{key}}","cache":{"mode":"off"} } }""";

    [Fact]
    public async Task Each_of_a_thousand_leaves_its_queue_once_and_holds_up_no_submit_and_nothing_goes_where_it_says()
    {
        WorkerRig rig = await NodeAsync();
        await Broker.TrapAsync(Trap);
        ConcurrentQueue<(string Key, string Body)> rejected = await Broker.ListenAsync(Broker.Names.Rejected);
        Deliveries deliveries = new(Broker.Names.Submit);
        rig.Get<IBus>().ConnectReceiveObserver(deliveries);
        string error = $"{Broker.Names.Submit}_error", skipped = $"{Broker.Names.Submit}_skipped";
        long before = 0, start = Stopwatch.GetTimestamp();

        Dictionary<string, Garbage> sent = [];
        for (int i = 0; i < Bad; i++)
        {
            if (i == Bad / 2)
            {
                await AsideAsync(i);
                before = Kept(); // buffers are pooled by now
            }
            Garbage garbage = Garbage.Of(i, $"exchange:{Trap}");
            sent.Add(garbage.Mark, garbage with { Body = [] });
            await Broker.SubmitAsync(garbage.Body, garbage.ContentType, change: properties =>
            {
                properties.ReplyTo = Trap;
                properties.Headers = new Dictionary<string, object?> { [MessageHeaders.FaultAddress] = $"exchange:{Trap}", [MessageHeaders.ResponseAddress] = $"exchange:{Trap}" };
            });
            if (i % (Bad / Good) == 0)
            {
                await Broker.SubmitAsync(Job($"good-{i}"));
            }
        }
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(PreconditionFailed, await Broker.SubmitAsAsync("somebody-else", Job($"impostor-{i}")));
        }

        string ended = string.Create(CultureInfo.InvariantCulture, $"select count(*) from jobs where state = {(int)JobState.Succeeded}");
        await WorkerRig.EventuallyAsync(async () => await CountAsync(ended) == Good, "every submit has ended");
        TimeSpan served = Stopwatch.GetElapsedTime(start);
        await AsideAsync(Bad);
        long kept = Kept() - before;
        // A consumer that ends in good order has answered what it took; what it has not would be there again.
        await rig.StopAsync();
        Assert.Equal(0u, await Broker.ReadyAsync(Broker.Names.Submit));
        Assert.Equal(0u, await Broker.ReadyAsync(Broker.Names.SubmitDead));
        Assert.Equal((Bad + Good, 0), (deliveries.All, deliveries.Again));
        Assert.Equal(Good, await CountAsync("select count(*) from jobs"));

        List<(Aside Where, string Body)> found =
        [
            .. (await Broker.TakeAllAsync(error)).Select(body => (Aside.Error, body)),
            .. (await Broker.TakeAllAsync(skipped)).Select(body => (Aside.Skipped, body)),
            .. rejected.Select(message => (Aside.Rejected, message.Body)),
        ];
        ILookup<string, Aside> places = found.ToLookup(message => Mark().Match(message.Body).Value, message => message.Where);
        foreach (Garbage garbage in sent.Values)
        {
            Assert.True(places[garbage.Mark].Count() == 1, $"{garbage.Kind}: {garbage.Mark} left {places[garbage.Mark].Count()} times: {string.Join(", ", places[garbage.Mark])}");
            Assert.True(garbage.Where is not { } where || places[garbage.Mark].Single() == where, $"{garbage.Kind}: {garbage.Mark} is in {places[garbage.Mark].Single()}, not in {garbage.Where}");
        }
        Assert.Equal(Bad, found.Count);
        Assert.Equal(0u, await Broker.SpringAsync(Trap));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Bad} messages of {Garbage.Kinds} kinds that are no submits: {string.Join(", ", Enum.GetValues<Aside>().Select(where => $"{found.Count(message => message.Where == where)} {where}"))}; {Good} submits among them ended after {served.TotalSeconds:0.0} s; {kept / 1024} kB more memory than after half of them"));
        Assert.InRange(kept, long.MinValue, MostKept);

        Task AsideAsync(int messages) =>
            WorkerRig.EventuallyAsync(async () => rejected.Count + await Broker.ReadyAsync(error) + await Broker.ReadyAsync(skipped) >= messages, "everything else is aside");

        // less what this test itself keeps
        long Kept() => GC.GetTotalMemory(forceFullCollection: true) - rejected.Sum(message => (long)message.Body.Length * sizeof(char));
    }

    /// <summary>The transport tells an address that a message names of any failure of its consumer, unless it is kept from knowing the address.</summary>
    [Fact]
    public async Task A_failure_of_our_own_is_not_told_to_the_address_that_a_message_names()
    {
        const int Failing = 5;
        WorkerRig rig = await NodeAsync();
        await Broker.TrapAsync(Trap);
        await PostgresDatabase.RunAsync(Database.AdminConnectionString, """
            create function break_on_purpose() returns trigger language plpgsql as $$ begin raise exception 'broken on purpose'; end $$;
            create trigger break_on_purpose before insert on jobs for each row when (new.idempotency_key like 'broken-%') execute function break_on_purpose()
            """);
        try
        {
            for (int i = 0; i < Failing; i++)
            {
                string address = $"exchange:{Trap}", job = Job($"broken-{i}");
                await Broker.SubmitAsync(
                    $$"""{"messageId":"{{Guid.NewGuid()}}","responseAddress":"{{address}}","faultAddress":"{{address}}","messageType":["urn:message:Sluice.Jobs.Messages:SubmitJob"],"message":{{job}}}""",
                    "application/vnd.masstransit+json");
            }
            await WorkerRig.EventuallyAsync(async () => await Broker.ReadyAsync($"{Broker.Names.Submit}_error") == Failing, "all are aside");
            await Broker.SubmitAsync(Job("whole"));
            await WorkerRig.EventuallyAsync(async () => await CountAsync("select count(*) from jobs") == 1, "what comes behind them is stored");
        }
        finally
        {
            await PostgresDatabase.RunAsync(Database.AdminConnectionString, "drop trigger break_on_purpose on jobs; drop function break_on_purpose()");
        }
        await rig.StopAsync();
        Assert.Equal(0u, await Broker.ReadyAsync(Broker.Names.Submit));
        Assert.Equal(0u, await Broker.SpringAsync(Trap));
    }

    private async Task<WorkerRig> NodeAsync()
    {
        WorkerRig rig = await StartAsync("w1", null, ($"Queue:Tenants:{Broker.User}", "acme"));
        await WorkerRig.EventuallyAsync(() => rig.Log.Any(line => line.Contains("Bus started", StringComparison.Ordinal)), "the bus is up");
        return rig;
    }

    [GeneratedRegex(@"garbage-\d+-")]
    private static partial Regex Mark();

    /// <summary>Counts what the broker hands over from one queue, and what of it is not handed over for the first time.</summary>
    private sealed class Deliveries(string queue) : IReceiveObserver
    {
        private int _all, _again;

        public int All => Volatile.Read(ref _all);

        public int Again => Volatile.Read(ref _again);

        public Task PreReceive(ReceiveContext context)
        {
            if (context.InputAddress.AbsolutePath.EndsWith($"/{queue}", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _all);
                Interlocked.Add(ref _again, context.Redelivered ? 1 : 0);
            }
            return Task.CompletedTask;
        }

        public Task PostReceive(ReceiveContext context) => Task.CompletedTask;

        public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
            where T : class => Task.CompletedTask;

        public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
            where T : class => Task.CompletedTask;

        public Task ReceiveFault(ReceiveContext context, Exception exception) => Task.CompletedTask;
    }
}
