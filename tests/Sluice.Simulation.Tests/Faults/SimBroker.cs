using Sluice.Simulation.Tests.Clockwork;
using Sluice.Simulation.Tests.Nodes;

namespace Sluice.Simulation.Tests.Faults;

/// <summary>
/// A broker in memory: queues with confirms, acknowledgements and prefetch, at least once and in no sure order. Deliveries that are not acknowledged come again
/// when their session ends.
/// </summary>
internal sealed class SimBroker(SimWorld world, FaultRates rates, FaultCounts counts, SimRandom random)
{
    private readonly SortedDictionary<string, SimQueue> _queues = new(StringComparer.Ordinal);
    private readonly List<SimSession> _sessions = [];

    public bool IsUp { get; private set; } = true;

    /// <summary>A mutation: what is delivered counts as done.</summary>
    public bool AcknowledgesEarly { get; init; }

    /// <summary>Messages that wait or are not acknowledged yet.</summary>
    public int Messages => _queues.Values.Sum(queue => queue.Ready.Count) + _sessions.Sum(session => session.Unacknowledged.Count);

    /// <summary>A consumer threw: the transport would put the message into its error queue.</summary>
    public int DeadLetters { get; private set; }

    /// <summary>Completes with the broker's confirm.</summary>
    public Task PublishAsync(SimProcess sender, string queue, object message, CancellationToken cancellationToken)
    {
        TaskCompletionSource confirm = new();
        cancellationToken.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), confirm);
        if (sender.IsDead)
        {
            return confirm.Task;
        }
        world.After(Travel(), () =>
        {
            if (!IsUp || random.Chance(rates.PublishRefused))
            {
                counts.Add("publish refused");
                // an error, or silence until the sender gives up
                if (random.Chance(0.7))
                {
                    world.After(Travel(), () => confirm.TrySetException(new IOException("simulated: the broker is away")));
                }
                return;
            }
            Put(queue, message);
            if (random.Chance(rates.ConfirmLost))
            {
                counts.Add("confirm lost");
                return;
            }
            world.After(Travel(), () => confirm.TrySetResult());
        });
        return confirm.Task;
    }

    /// <summary>Begins to deliver to a process, until the session or the process ends.</summary>
    public SimSession Open(SimProcess process)
    {
        SimSession session = new(process);
        _sessions.Add(session);
        process.Died += () => world.After(random.Time(0, 3000), () => Close(session));
        return session;
    }

    public void Consume(SimSession session, string queue, int prefetch, Func<object, Task> handler)
    {
        Find(queue).Consumers.Add(new SimConsumer(session, prefetch, handler));
        Pump(queue);
    }

    /// <summary>Delivers no more of that queue; what is on its way arrives.</summary>
    public void Cancel(SimSession session, string queue) => Find(queue).Consumers.RemoveAll(consumer => consumer.Session == session);

    /// <summary>What the session has not acknowledged goes back.</summary>
    public void Close(SimSession session)
    {
        if (session.IsClosed)
        {
            return;
        }
        session.IsClosed = true;
        _sessions.Remove(session);
        foreach (SimQueue queue in _queues.Values)
        {
            queue.Consumers.RemoveAll(consumer => consumer.Session == session);
        }
        foreach ((string queue, object message) in session.Unacknowledged)
        {
            if (message is not SimMessage { MayBeLost: true } || !random.Chance(rates.TicketLost))
            {
                counts.Add("message delivered again");
                Find(queue).Ready.Add(message);
            }
        }
        session.Unacknowledged.Clear();
        foreach (string queue in _queues.Keys.ToArray())
        {
            Pump(queue);
        }
    }

    public void Down()
    {
        IsUp = false;
        counts.Add("broker down");
        world.Log("broker", "down");
        foreach (SimSession session in _sessions.ToArray())
        {
            Close(session);
        }
    }

    public void Up()
    {
        IsUp = true;
        world.Log("broker", "up");
    }

    /// <summary>Everything that waits is gone, as after its disk. Returns what it was.</summary>
    public IReadOnlyList<object> Wipe()
    {
        Down();
        counts.Add("broker wiped");
        world.Log("broker", "wiped");
        List<object> lost = [.. _queues.Values.SelectMany(queue => queue.Ready)];
        foreach (SimQueue queue in _queues.Values)
        {
            queue.Ready.Clear();
        }
        return lost;
    }

    /// <summary>A queue that nobody consumes drops what comes: as an exclusive queue of a node that is gone.</summary>
    public bool HasConsumer(string queue) => Find(queue).Consumers.Count > 0;

    private void Put(string queue, object message)
    {
        if (queue == Doubles.Finished)
        {
            return; // published, and nobody listens
        }
        bool mayBeLost = message is SimMessage { MayBeLost: true };
        if (mayBeLost && random.Chance(rates.TicketLost))
        {
            counts.Add("ticket lost");
            return;
        }
        SimQueue target = Find(queue);
        target.Ready.Add(message);
        if (random.Chance(rates.MessageDoubled))
        {
            counts.Add("message doubled");
            target.Ready.Add(message);
        }
        Pump(queue);
    }

    private void Pump(string name)
    {
        SimQueue queue = Find(name);
        while (IsUp && queue.Ready.Count > 0)
        {
            List<SimConsumer> free = queue.Consumers.FindAll(consumer => consumer.Credit > 0);
            if (free.Count == 0)
            {
                return;
            }
            int at = 0;
            if (queue.Ready.Count > 1 && random.Chance(rates.Reordered))
            {
                counts.Add("message reordered");
                at = random.Below(queue.Ready.Count);
            }
            object message = queue.Ready[at];
            queue.Ready.RemoveAt(at);
            SimConsumer consumer = random.Pick(free);
            consumer.Credit--;
            (string, object) delivery = (name, message);
            consumer.Session.Unacknowledged.Add(delivery);
            world.After(Travel(), () => Deliver(consumer, delivery));
        }
    }

    private void Deliver(SimConsumer consumer, (string Queue, object Message) delivery)
    {
        SimSession session = consumer.Session;
        if (session.IsClosed || session.Process.IsDead)
        {
            return;
        }
        if (AcknowledgesEarly)
        {
            Acknowledge(consumer, delivery);
        }
        session.Process.Run(async () =>
        {
            try
            {
                await consumer.Handler(delivery.Message);
            }
            catch (Exception e) when (!session.Process.IsDead)
            {
                world.Log(session.Process.Name, $"its consumer of {delivery.Queue} threw: {e.Message}");
                DeadLetters++;
            }
            world.After(Travel(), () => Acknowledge(consumer, delivery));
        });
    }

    private void Acknowledge(SimConsumer consumer, (string Queue, object Message) delivery)
    {
        if (!consumer.Session.IsClosed && consumer.Session.Unacknowledged.Remove(delivery))
        {
            consumer.Credit++;
            Pump(delivery.Queue);
        }
    }

    private SimQueue Find(string name)
    {
        if (!_queues.TryGetValue(name, out SimQueue? queue))
        {
            _queues.Add(name, queue = new SimQueue());
        }
        return queue;
    }

    private TimeSpan Travel() => random.Chance(rates.Slow) ? random.Time(500, 6000) : random.Time(0.2, 3);

    private sealed class SimQueue
    {
        public List<object> Ready { get; } = [];
        public List<SimConsumer> Consumers { get; } = [];
    }

    private sealed class SimConsumer(SimSession session, int prefetch, Func<object, Task> handler)
    {
        public SimSession Session => session;
        public Func<object, Task> Handler => handler;
        public int Credit { get; set; } = prefetch;
    }
}

/// <summary>A connection of one process.</summary>
internal sealed class SimSession(SimProcess process)
{
    public SimProcess Process => process;
    public bool IsClosed { get; set; }
    public List<(string Queue, object Message)> Unacknowledged { get; } = [];
}

/// <summary>A message, and whether its loss is allowed for.</summary>
internal sealed record SimMessage(object Body, bool MayBeLost);
