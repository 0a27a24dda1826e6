using System.Text.Json.Serialization;

namespace Sluice.Service.Queue;

/// <summary>Bodies that stay within this service. Unknown members are passed over: a newer node may write them.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Ticket))]
internal sealed partial class QueueJson : JsonSerializerContext;
