using System.Globalization;
using System.Reflection;
using MassTransit;
using MassTransit.Context;
using Microsoft.Extensions.Hosting;
using Sluice.Jobs.Messages;
using Sluice.Service.Queue;
using Sluice.Simulation.Tests.Clockwork;
using Sluice.Simulation.Tests.Faults;

namespace Sluice.Simulation.Tests.Nodes;

/// <summary>The transport's two faces: what a sender calls, and what a consumer is given. Everything between them is the simulated broker.</summary>
internal static class Doubles
{
    public const string Submit = "submit", Finished = "finished.";

    public static IBus Bus(SimProcess process, SimBroker broker, IReadOnlyList<string> finishedQueues)
    {
        IBus bus = DispatchProxy.Create<IBus, BusDouble>();
        BusDouble inner = (BusDouble)(object)bus;
        (inner.Process, inner.Broker, inner.FinishedQueues) = (process, broker, finishedQueues);
        return bus;
    }

    public static ConsumeContext<T> Context<T>(T message)
        where T : class
        => new MessageConsumeContext<T>(DispatchProxy.Create<ConsumeContext, ContextDouble>(), message);
}

/// <summary>Sends to an exchange, publishes to those who listen.</summary>
public class BusDouble : DispatchProxy
{
    internal SimProcess Process { get; set; } = null!;
    internal SimBroker Broker { get; set; } = null!;
    internal IReadOnlyList<string> FinishedQueues { get; set; } = [];

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        switch (targetMethod!.Name)
        {
            case "GetSendEndpoint":
                ISendEndpoint endpoint = Create<ISendEndpoint, EndpointDouble>();
                ((EndpointDouble)(object)endpoint).To(this, ((Uri)args![0]!).AbsolutePath);
                return Task.FromResult(endpoint);
            case "Publish" when args is [JobFinished finished, CancellationToken token]:
                string[] listening = [.. FinishedQueues.Where(Broker.HasConsumer)];
                return listening.Length == 0
                    ? Broker.PublishAsync(Process, Doubles.Finished, new SimMessage(finished, MayBeLost: true), token)
                    : Task.WhenAll(listening.Select(queue => Broker.PublishAsync(Process, queue, new SimMessage(finished, MayBeLost: true), token)));
            default:
                throw new NotSupportedException($"The bus's double knows no {targetMethod.Name}.");
        }
    }
}

/// <summary>One exchange.</summary>
public class EndpointDouble : DispatchProxy
{
    private BusDouble _bus = null!;
    private string _name = "";

    internal void To(BusDouble bus, string name) => (_bus, _name) = (bus, name);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        targetMethod!.Name == "Send" && args is [Ticket ticket, _, CancellationToken token]
            ? _bus.Broker.PublishAsync(_bus.Process, Queue(ticket), new SimMessage(ticket, MayBeLost: true), token)
            : throw new NotSupportedException($"The endpoint's double knows no {targetMethod.Name}.");

    /// <summary>The exchange's own queue, or the ticket's shard where the exchange divides.</summary>
    private string Queue(Ticket ticket)
    {
        int of = _name.LastIndexOf(".of", StringComparison.Ordinal);
        return of < 0 ? _name : $"{_name[..of]}.{(ulong)ticket.PrefixKey % ulong.Parse(_name[(of + 3)..], CultureInfo.InvariantCulture)}{_name[(of + 1)..]}";
    }
}

/// <summary>What consumers ask of a delivery.</summary>
public class ContextDouble : DispatchProxy
{
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
    {
        "get_CancellationToken" => CancellationToken.None,
        "get_ReceiveContext" => Create<ReceiveContext, ReceiveDouble>(),
        "get_SerializerContext" => null,
        _ => throw new NotSupportedException($"The context's double knows no {targetMethod.Name}."),
    };
}

/// <summary>A delivery without headers.</summary>
public class ReceiveDouble : DispatchProxy
{
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
    {
        "get_TransportHeaders" => Create<Headers, ReceiveDouble>(),
        "TryGetHeader" => false,
        _ => throw new NotSupportedException($"The delivery's double knows no {targetMethod.Name}."),
    };
}

/// <summary>A host's life as its parts see it.</summary>
internal sealed class SimLifetime : IHostApplicationLifetime
{
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Somebody asked for the end.</summary>
    public Action? Asked { get; set; }

    public CancellationToken ApplicationStarted => CancellationToken.None;
    public CancellationToken ApplicationStopping => _stopping.Token;
    public CancellationToken ApplicationStopped => CancellationToken.None;

    public void StopApplication()
    {
        if (!_stopping.IsCancellationRequested)
        {
            _stopping.Cancel();
            Asked?.Invoke();
        }
    }
}
