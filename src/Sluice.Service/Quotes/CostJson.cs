using System.Text.Json;
using System.Text.Json.Serialization;
using Sluice.Batching;
using Sluice.Batching.Costs;
using Sluice.Store;

namespace Sluice.Service.Quotes;

/// <summary>What a worker says of itself every second: one entry per model that it runs.</summary>
internal sealed record WorkerLoad(IReadOnlyList<ModelLoad> Models);

/// <summary>A model that a worker runs.</summary>
internal sealed record ModelLoad(string Model, string Revision, string Backend, BacklogReport Backlog);

/// <summary>What the store keeps of costs and loads, which is opaque to it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WorkerLoad))]
[JsonSerializable(typeof(LearnedCosts))]
internal sealed partial class CostJson : JsonSerializerContext
{
    /// <summary>Null where it was written by a version that this one does not understand.</summary>
    public static LearnedCosts? Read(CostModel model) => Read(model.Learned, Default.LearnedCosts);

    /// <inheritdoc cref="Read(CostModel)"/>
    public static WorkerLoad? Read(string load) => Read(load, Default.WorkerLoad);

    private static T? Read<T>(string text, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(text, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
