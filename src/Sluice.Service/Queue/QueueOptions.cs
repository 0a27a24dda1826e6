using System.ComponentModel.DataAnnotations;

namespace Sluice.Service.Queue;

/// <summary>What carries tickets and events.</summary>
internal enum QueueTransport
{
    RabbitMq,

    /// <summary>Within this process; nothing is kept.</summary>
    InMemory,
}

/// <summary>Section <c>Queue</c>.</summary>
internal sealed class QueueOptions
{
    public const string Section = "Queue";

    public QueueTransport Transport { get; set; } = QueueTransport.RabbitMq;

    /// <summary><c>amqp[s]://user:password@host:port/vhost</c>.</summary>
    [Required]
    public string Host { get; set; } = "amqp://guest:guest@127.0.0.1:5672/";

    /// <summary>Precedes every exchange and queue name; several installations may share a virtual host.</summary>
    [RegularExpression("[a-z0-9][a-z0-9-]{0,30}")]
    public string Prefix { get; set; } = "sluice";

    /// <summary>
    /// Into how many shards the tickets of a model and class are divided by their prompts' prefixes, so that jobs of one prefix meet on one worker; 1 for not at all.
    /// More than there will be workers, and the same on all nodes. Needs the broker's plug-in rabbitmq_consistent_hash_exchange; without it nothing is divided.
    /// </summary>
    [Range(1, 256)]
    public int Shards { get; set; } = 8;

    /// <summary>Tickets that may be on their way to a reservation, per queue.</summary>
    [Range(1, 10_000)]
    public int TicketPrefetch { get; set; } = 1_000;

    /// <summary>Submitted jobs that may be on their way into the store.</summary>
    [Range(1, 10_000)]
    public int SubmitPrefetch { get; set; } = 64;

    /// <summary>Broker user to tenant; a user that is not named here is the tenant of its own name.</summary>
    public Dictionary<string, string> Tenants { get; set; } = [];

    /// <summary>Tenant of messages without a validated user-id; null refuses them. The in-memory transport has no users and takes <c>default</c>.</summary>
    public string? AnonymousTenant { get; set; }

    /// <summary>Outbox rows of one round.</summary>
    [Range(1, 10_000)]
    public int RelayMax { get; set; } = 500;

    /// <summary>How often the outbox is looked at when nothing signals.</summary>
    public TimeSpan RelayPoll { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long one round may wait for the broker's confirms.</summary>
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest pause between tries while the broker is away; <see cref="RelayPoll"/> or more.</summary>
    public TimeSpan RelayBackoff { get; set; } = TimeSpan.FromSeconds(2);
}
