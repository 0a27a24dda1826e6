using System.Text.Json.Serialization;

namespace Sluice.Service.Schedules;

/// <summary>A text as JSON.</summary>
[JsonSerializable(typeof(string))]
internal sealed partial class PlainText : JsonSerializerContext;
