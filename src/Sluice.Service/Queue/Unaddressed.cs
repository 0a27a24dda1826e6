using System.Net.Mime;
using MassTransit;
using MassTransit.Serialization;

namespace Sluice.Service.Queue;

/// <summary>
/// Reads messages, enveloped or bare, without the addresses that they name. The transport tells a fault to whatever address a message asks for, published faults off or
/// not: a producer could have this service write to any exchange of the broker, with the service's rights. An id that is none is passed over, too: it would throw while
/// the message is put aside, and bring it back again and again.
/// </summary>
internal static class Unaddressed
{
    public static void Configure(IReceiveEndpointConfigurator endpoint)
    {
        endpoint.AddDeserializer(new Factory<Envelopes>(SystemTextJsonMessageSerializer.JsonContentType), false);
        endpoint.AddDeserializer(new Factory<Bare>(SystemTextJsonRawMessageSerializer.JsonContentType), true);
    }

    private sealed class Envelopes : SystemTextJsonMessageSerializer, IMessageDeserializer
    {
        ConsumeContext IMessageDeserializer.Deserialize(ReceiveContext receiveContext) =>
            new Silent(receiveContext, Deserialize(receiveContext.Body, receiveContext.TransportHeaders, receiveContext.InputAddress));
    }

    private sealed class Bare() : SystemTextJsonRawMessageSerializer(RawSerializerOptions.AnyMessageType), IMessageDeserializer
    {
        ConsumeContext IMessageDeserializer.Deserialize(ReceiveContext receiveContext) =>
            new Silent(receiveContext, Deserialize(receiveContext.Body, receiveContext.TransportHeaders, receiveContext.InputAddress));
    }

    /// <summary>Makes them when the endpoint is built: by then the options that they read by are set.</summary>
    private sealed class Factory<T>(ContentType type) : ISerializerFactory
        where T : IMessageSerializer, IMessageDeserializer, new()
    {
        public ContentType ContentType => type;

        public IMessageSerializer CreateSerializer() => new T();

        public IMessageDeserializer CreateDeserializer() => new T();
    }

    private sealed class Silent(ReceiveContext received, SerializerContext read) : BodyConsumeContext(received, read)
    {
        public override Uri FaultAddress => null!;

        public override Uri ResponseAddress => null!;

        public override Uri SourceAddress => null!;

        public override Uri DestinationAddress => null!;

        public override Guid? MessageId => Id(() => base.MessageId);

        public override Guid? RequestId => Id(() => base.RequestId);

        public override Guid? CorrelationId => Id(() => base.CorrelationId);

        public override Guid? ConversationId => Id(() => base.ConversationId);

        public override Guid? InitiatorId => Id(() => base.InitiatorId);

        private static Guid? Id(Func<Guid?> given)
        {
            try
            {
                return given();
            }
            catch (FormatException)
            {
                return null;
            }
        }
    }
}
