namespace Sluice.Simulation.Tests.Clockwork;

/// <summary>
/// A process: what runs in it is lost at once when it is killed, wherever its awaits stand, and waits while it is stopped. It has a clock of its own.
/// </summary>
internal class SimProcess
{
    private readonly SimScheduler _scheduler;
    private List<Task> _stopped = [];

    public SimProcess(SimWorld world, string name, long number, TimeSpan skew)
    {
        World = world;
        Name = name;
        Number = number;
        Time = new SimClock(this) { Skew = skew };
        _scheduler = new SimScheduler(this);
    }

    public SimWorld World { get; }
    public string Name { get; }

    /// <summary>Unique in its world.</summary>
    public long Number { get; }
    public SimClock Time { get; }
    public bool IsDead { get; private set; }
    public bool IsStopped { get; private set; }

    /// <summary>How often it was stopped.</summary>
    public int Stops { get; private set; }

    /// <summary>Killed after this many more continuations; 0 for never.</summary>
    public int KillAfter { get; set; }

    /// <summary>It is killed, or has ended.</summary>
    public event Action? Died;

    /// <summary>Runs work in this process. What it throws is the world's failure.</summary>
    public Task Run(Func<Task> work) => Task.Factory.StartNew(() => GuardAsync(work), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler).Unwrap();

    public void Post(TimerCallback callback, object? state) => new Task(() => callback(state)).Start(_scheduler);

    /// <summary>As kill -9: nothing of it runs any more.</summary>
    public void Kill(string why)
    {
        if (IsDead)
        {
            return;
        }
        World.Log(Name, why);
        IsDead = true;
        _stopped.Clear();
        Died?.Invoke();
    }

    /// <summary>As SIGSTOP.</summary>
    public void Stop()
    {
        World.Log(Name, "stopped");
        IsStopped = true;
        Stops++;
    }

    /// <summary>As SIGCONT.</summary>
    public void Continue()
    {
        if (!IsStopped || IsDead)
        {
            return;
        }
        World.Log(Name, "continued");
        IsStopped = false;
        List<Task> waiting = _stopped;
        _stopped = [];
        waiting.ForEach(task => World.Queue(this, task));
    }

    public void Execute(Task task)
    {
        if (IsDead)
        {
            return;
        }
        if (IsStopped)
        {
            _stopped.Add(task);
            return;
        }
        _scheduler.Execute(task);
        if (KillAfter > 0 && --KillAfter == 0)
        {
            Kill("killed at an await");
        }
    }

    private async Task GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (!IsDead)
        {
            World.Fail($"{Name}: {e}");
        }
    }

    private sealed class SimScheduler(SimProcess process) : TaskScheduler
    {
        public override int MaximumConcurrencyLevel => 1;

        public void Execute(Task task) => TryExecuteTask(task);

        protected override void QueueTask(Task task)
        {
            // a finalizer may wake what nobody waits for any more
            if (!process.IsDead && !process.World.IsOver)
            {
                process.World.Queue(process, task);
            }
        }

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }
}
