using Sluice.Engine.Templates.Running;

namespace Sluice.Engine.Templates.Values;

/// <summary>Equality, order and membership; provenance plays no part in them.</summary>
internal static class Comparing
{
    public static bool Holds(RenderRun run, string sign, Value left, Value right) => sign switch
    {
        "==" => AreEqual(run, left, right),
        "!=" => !AreEqual(run, left, right),
        "in" => Contains(run, right, left),
        "not in" => !Contains(run, right, left),
        "<" => Order(run, left, right) < 0,
        ">" => Order(run, left, right) > 0,
        "<=" => Order(run, left, right) <= 0,
        _ => Order(run, left, right) >= 0,
    };

    public static bool AreEqual(RenderRun run, Value left, Value right)
    {
        if (ReferenceEquals(left, right))
            return true;
        switch (left, right)
        {
            case (TextValue a, TextValue b):
                run.Charge(Math.Min(a.Text.Length, b.Text.Length));
                return string.Equals(a.Text, b.Text, StringComparison.Ordinal);
            case (IntValue a, IntValue b):
                return a.Number == b.Number;
            case (ListValue a, ListValue b):
                return a.IsTuple == b.IsTuple && a.Items.Count == b.Items.Count && AreAllEqual(run, a.Items, b.Items);
            case (MapValue a, MapValue b):
                return a.Entries.Count == b.Entries.Count && AreAllEqual(run, a, b);
            case (UndefinedValue, UndefinedValue):
                return true;
            default:
                return Arithmetic.IsNumber(left) && Arithmetic.IsNumber(right) && Arithmetic.AsDouble(left) == Arithmetic.AsDouble(right);
        }
    }

    /// <summary>Below zero, zero, above zero; only of two numbers or two texts.</summary>
    public static int Order(RenderRun run, Value left, Value right)
    {
        if (left is IntValue a && right is IntValue b)
            return a.Number.CompareTo(b.Number);
        if (Arithmetic.IsNumber(left) && Arithmetic.IsNumber(right))
            return Arithmetic.AsDouble(left).CompareTo(Arithmetic.AsDouble(right));
        if (left is TextValue first && right is TextValue second)
        {
            run.Charge(Math.Min(first.Text.Length, second.Text.Length));
            return string.CompareOrdinal(first.Text, second.Text);
        }

        throw run.Fail($"{left.Kind} and {right.Kind} have no order");
    }

    public static bool Contains(RenderRun run, Value container, Value item)
    {
        switch (container)
        {
            case TextValue text when item is TextValue part:
                run.ChargeSearch(text.Text.Length, part.Text.Length);
                return text.Text.Contains(part.Text, StringComparison.Ordinal);
            case ListValue list:
                foreach (Value other in list.Items)
                {
                    run.Charge(1);
                    if (AreEqual(run, item, other))
                        return true;
                }

                return false;
            case MapValue map:
                return MapKey.TryOf(item) is not null && map.Find(MapKey.Of(run, item)) is not null;
            case UndefinedValue:
                return false;
            default:
                throw run.Fail($"'in' is not for {item.Kind} and {container.Kind}");
        }
    }

    private static bool AreAllEqual(RenderRun run, IReadOnlyList<Value> left, IReadOnlyList<Value> right)
    {
        run.Enter();
        bool equal = true;
        for (int i = 0; equal && i < left.Count; i++)
        {
            run.Evaluate();
            equal = AreEqual(run, left[i], right[i]);
        }

        run.Leave();
        return equal;
    }

    private static bool AreAllEqual(RenderRun run, MapValue left, MapValue right)
    {
        run.Enter();
        bool equal = true;
        foreach (KeyValuePair<Value, Value> entry in left.Entries)
        {
            run.Evaluate();
            equal = equal && right.Find(MapKey.Of(run, entry.Key)) is Value other && AreEqual(run, entry.Value, other);
        }

        run.Leave();
        return equal;
    }
}
