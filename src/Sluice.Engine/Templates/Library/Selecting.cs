using System.Globalization;
using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Library;

/// <summary>map, select, reject and their kin: a filter, a test or an attribute for every element.</summary>
internal static class Selecting
{
    public static Value Map(RenderRun run, Value value, Arguments arguments)
    {
        IReadOnlyList<Value> items = ItemsOf(run, value);
        run.ChargeItems(items.Count);
        if (!arguments.HasPositional)
        {
            Value attribute = arguments.Required("attribute");
            Value? missing = arguments.Next("default");
            return new ListValue(Each(run, items, item => Attribute(run, item, attribute) is var found && found is UndefinedValue && missing is not null ? missing : found));
        }

        string name = arguments.RequiredText("filter").Text;
        Filter filter = Filters.Find(name) ?? throw run.Fail("map takes the name of a filter that is supported");
        Func<Arguments> copy = Copies(arguments, $"the filter {name}");
        return new ListValue(Each(run, items, item =>
        {
            Arguments given = copy();
            Value result = filter(run, item, given);
            given.End();
            return result;
        }));
    }

    public static ListValue Select(RenderRun run, Value value, Arguments arguments, string filter, bool byAttribute, bool keeps)
    {
        Value? attribute = byAttribute ? arguments.Required("attribute") : null;
        IReadOnlyList<Value> items = ItemsOf(run, value);
        run.ChargeItems(items.Count);
        Func<Value, bool> wanted = item => item.IsTrue;
        if (arguments.HasPositional)
        {
            string name = arguments.RequiredText("test").Text;
            Test test = Tests.Find(name) ?? throw run.Fail($"{filter} takes the name of a test that is supported");
            Func<Arguments> copy = Copies(arguments, $"the test {name}");
            wanted = item => test(run, item, copy());
        }

        List<Value> selected = [];
        foreach (Value item in items)
        {
            run.Evaluate();
            if (wanted(attribute is null ? item : Attribute(run, item, attribute)) == keeps)
                selected.Add(item);
        }

        return new ListValue(selected);
    }

    /// <summary>An attribute by name, by number, or by a path with dots.</summary>
    public static Value Attribute(RenderRun run, Value item, Value attribute)
    {
        run.Evaluate();
        if (attribute is not TextValue path)
            return Members.Item(run, item, attribute);
        run.Charge(path.Text.Length);
        foreach (string name in path.Text.Split('.'))
        {
            run.Evaluate();
            item = long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                ? Members.Item(run, item, new IntValue(number))
                : Members.Item(run, item, TextValue.Of(name, path.HasContent));
        }

        return item;
    }

    /// <summary>As Jinja has it, there is nothing in what counts as false: none, 0, an empty list.</summary>
    private static IReadOnlyList<Value> ItemsOf(RenderRun run, Value value) => value.IsTrue ? Elements.Items(run, value) : [];

    /// <summary>The arguments that are left, as often as they are needed.</summary>
    private static Func<Arguments> Copies(Arguments arguments, string callee)
    {
        Arguments rest = arguments.Rest(callee);
        return () => rest.Copy();
    }

    private static List<Value> Each(RenderRun run, IReadOnlyList<Value> items, Func<Value, Value> change)
    {
        List<Value> changed = new(items.Count);
        foreach (Value item in items)
        {
            run.Evaluate();
            changed.Add(change(item));
        }

        return changed;
    }
}
