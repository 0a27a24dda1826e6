using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Inference;
using Sluice.Service.Intake;
using Sluice.Service.Models;
using Sluice.Service.Queue;
using Sluice.Service.Quotes;
using Sluice.Simulation.Tests.Clockwork;
using Sluice.Simulation.Tests.Faults;
using Sluice.Store;
using Sluice.Store.Memory;

namespace Sluice.Simulation.Tests.Nodes;

/// <summary>One process of the service from its start to its end: the real parts in the real composition.</summary>
internal sealed class SimNode : SimProcess
{
    private const int SubmitPrefetch = 4;
    private static readonly TimeSpan s_hostLimit = TimeSpan.FromSeconds(25);

    private readonly SimCluster _cluster;
    private readonly ServiceProvider _parts;
    private readonly SimLifetime _lifetime = new();
    private readonly CancellationTokenSource _services = new();
    private readonly SortedSet<string> _shards = new(StringComparer.Ordinal);
    private SimSession? _session;

    public SimNode(SimCluster cluster, string name, long number, HostRole role, TimeSpan skew)
        : base(cluster.World, name, number, skew)
    {
        _cluster = cluster;
        Role = role;
        _parts = Blueprint.Build(role, Put);
        _lifetime.Asked = () => Drain();
    }

    public HostRole Role { get; }

    /// <summary>It has been told to stop.</summary>
    public bool IsDraining { get; private set; }

    /// <summary>Ended in good order.</summary>
    public bool HasExited { get; private set; }

    public T Get<T>()
        where T : notnull => _parts.GetRequiredService<T>();

    public void Start()
    {
        World.Log(Name, $"starts, clock {Time.Skew.TotalSeconds:+0.#;-0.#;0} s");
        Serve<Reconciler>();
        Serve<OutboxRelay>();
        if (Role == HostRole.Worker)
        {
            Worker worker = ActivatorUtilities.CreateInstance<Worker>(_parts);
            _stop = () => worker.StopAsync(CancellationToken.None);
            Run(() => worker.StartAsync(CancellationToken.None));
            Serve<ShardKeeper>();
        }
        else
        {
            Run(() => Blueprint.ExecuteAsync(Get<SubmitBatcher>(), _services.Token));
            Run(() => Blueprint.ExecuteAsync(Get<QueueBounds>(), _services.Token));
            Run(() => Blueprint.ExecuteAsync(Get<QuoteBook>(), _services.Token));
        }
        Connect();
    }

    private Func<Task> _stop = () => Task.CompletedTask;

    /// <summary>Consumes again, where it has no session with the broker.</summary>
    public void Connect()
    {
        if (IsDead || IsDraining || !_cluster.Broker.IsUp || _session is { IsClosed: false })
        {
            return;
        }
        SimSession session = _session = _cluster.Broker.Open(this);
        if (Role == HostRole.Worker)
        {
            foreach (string queue in Enum.GetValues<JobClass>().Select(jobClass => Get<QueueNames>().Run(StubModel.Name, jobClass)).Concat(_shards))
            {
                ConsumeTickets(session, queue);
            }
        }
        else
        {
            SubmitConsumer consumer = Get<SubmitConsumer>();
            _cluster.Broker.Consume(session, Doubles.Submit, SubmitPrefetch, message => consumer.Consume(Doubles.Context((SubmitMessage)message)));
            FinishedConsumer finished = Get<FinishedConsumer>();
            _cluster.Broker.Consume(session, Doubles.Finished + Name, SubmitPrefetch, message => finished.Consume(Doubles.Context((Sluice.Jobs.Messages.JobFinished)((SimMessage)message).Body)));
        }
    }

    private void ConsumeTickets(SimSession session, string queue) =>
        _cluster.Broker.Consume(session, queue, _cluster.Settings.TicketPrefetch, message => Get<TicketConsumer>().Consume(Doubles.Context((Ticket)((SimMessage)message).Body)));

    /// <summary>As SIGTERM: the host stops its services in the reverse of their order, and ends.</summary>
    public void Drain()
    {
        if (IsDead || IsDraining)
        {
            return;
        }
        IsDraining = true;
        World.Log(Name, "drains");
        _cluster.Counts.Add("drain");
        long began = World.Ticks;
        int stops = IsStopped ? -1 : Stops;
        Run(async () =>
        {
            _lifetime.StopApplication();
            _services.Cancel();
            if (_session is { } session)
            {
                _cluster.Broker.Close(session);
            }
            Task stopped = _stop();
            Task first = await Task.WhenAny(stopped, Task.Delay(s_hostLimit, Time));
            if (first == stopped)
            {
                await stopped;
                HasExited = true;
                if (stops == Stops)
                {
                    _cluster.Drained(this, TimeSpan.FromTicks(World.Ticks - began));
                }
            }
            else
            {
                _cluster.Counts.Add("drain over its time");
            }
            Kill("exits");
        });
    }

    private void Serve<T>()
        where T : BackgroundService
    {
        T service = ActivatorUtilities.CreateInstance<T>(_parts);
        Run(() => Blueprint.ExecuteAsync(service, _services.Token));
    }

    private void Put(IServiceCollection services)
    {
        SimSettings settings = _cluster.Settings;
        SimStoreClient store = new(_cluster.Store, this);
        services
            .AddSingleton<TimeProvider>(Time)
            .AddSingleton<IJobStore>(store)
            .AddSingleton<ISemanticCache>(new SimSemanticClient(_cluster.Store, new MemorySemanticCache(_cluster.Store.Memory), this))
            .AddSingleton<ICostStore>(new SimCostClient(_cluster.Store, new MemoryCostStore(_cluster.Store.Memory), this))
            .AddSingleton<IHostApplicationLifetime>(_lifetime)
            .AddSingleton(Doubles.Bus(this, _cluster.Broker, _cluster.FinishedQueues))
            .AddSingleton(Options.Create(settings.Worker(Name)))
            .AddSingleton(Options.Create(settings.Queue()))
            .AddSingleton(new QueueNames("sim", settings.Shards))
            .AddSingleton<OpenTickets>((queue, _) => new Shard(this, queue))
            .AddSingleton<EndProcess>(why =>
            {
                _cluster.Counts.Add("process ended itself, stalled");
                Kill("ends itself: " + why);
            })
            .AddSingleton(settings.Stub() with { Fault = request => _cluster.FaultOf(this, request) })
            .AddSingleton<ILoggerFactory>(World.IsTraced ? new SimLog(this) : NullLoggerFactory.Instance);
    }

    /// <summary>A shard's queue while the node consumes it: with every session that it has meanwhile.</summary>
    private sealed class Shard : IAsyncDisposable
    {
        private readonly SimNode _node;
        private readonly string _queue;

        public Shard(SimNode node, string queue)
        {
            (_node, _queue) = (node, queue);
            node._shards.Add(queue);
            if (node._session is { IsClosed: false } session)
            {
                node.ConsumeTickets(session, queue);
            }
        }

        public ValueTask DisposeAsync()
        {
            _node._shards.Remove(_queue);
            if (_node._session is { } session)
            {
                _node._cluster.Broker.Cancel(session, _queue);
            }
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>The service's log as lines of the trace.</summary>
internal sealed class SimLog(SimProcess process) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        process.World.Log(process.Name, $"{logLevel} {formatter(state, exception)}{(exception is null ? "" : $" | {exception}")}");

    public void Dispose()
    {
    }
}
