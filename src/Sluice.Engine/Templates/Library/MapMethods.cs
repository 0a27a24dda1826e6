using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Library;

/// <summary>Methods of mappings; none changes one.</summary>
internal static class MapMethods
{
    public static Value? Find(MapValue map, string name) => name switch
    {
        "items" => new FunctionValue((run, _) => Elements.Entries(run, map)),
        "keys" => new FunctionValue((run, _) => new ListValue(Elements.Items(run, map))),
        "values" => new FunctionValue((run, _) => Values(run, map)),
        "get" => new FunctionValue((run, arguments) => Get(run, map, arguments)),
        _ => null,
    };

    private static ListValue Values(RenderRun run, MapValue map)
    {
        run.ChargeItems(map.Entries.Count);
        return new ListValue([.. map.Entries.Select(entry => entry.Value)]);
    }

    private static Value Get(RenderRun run, MapValue map, Arguments arguments)
    {
        MapKey key = MapKey.Of(run, arguments.Required("key"));
        Value missing = arguments.Next("default") ?? NoneValue.None;
        return map.Find(key) ?? missing;
    }
}
