using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sluice.Engine.Tests.Mutants;

/// <summary>
/// Breaks a JSON document where a reader believes it: values of the wrong kind and of every edge, members gone, doubled, renamed, exchanged or nested too deep, numbers moved by one,
/// texts with bytes that are none; and, less often, the bytes themselves. The same seed gives the same mutant.
/// </summary>
internal static class JsonMutator
{
    private static readonly string[] s_edges =
    [
        "null", "true", "false", "0", "-0", "-1", "1", "2", "255", "65536", "2147483647", "2147483648", "-2147483648", "4294967296", "9007199254740993", "9223372036854775807",
        "9223372036854775808", "18446744073709551615", "1e308", "1e999", "-1e999", "1.5", "0.1", "1e-400", "99999999999999999999999999",
        "\"\"", "\" \"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"../../etc/passwd\"", "\"-1\"", "\"NaN\"", "\"1\"", "[]", "{}", "[null]", "[[]]", "[0]", "[\"\"]", "{\"\":0}",
        "{\"a\":{\"a\":{\"a\":{}}}}", "{\"type\":\"Sequence\"}", "{\"type\":null}",
    ];

    private static readonly string[] s_scraps = ["{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "null", "1", "-", "e", ".", " ", "\n", "\0", "\u00ff", "//", "\ufeff"];

    public static byte[] Mutate(byte[] whole, Random random)
    {
        string text = Encoding.UTF8.GetString(whole);
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            text = random.Next(5) == 0 ? Scrap(text, random) : Change(text, random);
        }
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return random.Next(6) == 0 ? Damage(bytes, random) : bytes;
    }

    /// <summary>Bytes flipped, cut off, doubled.</summary>
    public static byte[] Damage(byte[] bytes, Random random)
    {
        if (bytes.Length == 0)
        {
            return [(byte)random.Next(256)];
        }
        int at = random.Next(bytes.Length), length = Math.Min(random.Next(1, 64), bytes.Length - at);
        switch (random.Next(4))
        {
            case 0:
                return bytes[..at];
            case 1:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 2:
                return [.. bytes[..(at + length)], .. bytes[at..]];
            default:
                byte[] flipped = [.. bytes];
                flipped[at] = (byte)random.Next(256);
                return flipped;
        }
    }

    private static string Scrap(string text, Random random)
    {
        int at = random.Next(text.Length + 1);
        return text.Insert(at, s_scraps[random.Next(s_scraps.Length)]);
    }

    /// <summary>Changes one node of the document; what is none any more, or has a name twice, gets a scrap.</summary>
    private static string Change(string text, Random random)
    {
        try
        {
            return ChangeNode(JsonNode.Parse(text), random);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            return Scrap(text, random);
        }
    }

    private static string ChangeNode(JsonNode? root, Random random)
    {
        List<JsonNode> nodes = [];
        Collect(root, nodes, 0);
        if (nodes.Count == 0)
        {
            return s_edges[random.Next(s_edges.Length)];
        }
        JsonNode node = nodes[random.Next(nodes.Count)];
        return random.Next(8) switch
        {
            0 => Without(root!, node),
            1 => Doubled(root!, node, random),
            2 => Renamed(root!, node, nodes, random),
            3 => Placed(root!, node, nodes[random.Next(nodes.Count)].ToJsonString(), random),
            4 => Placed(root!, node, Nested(node.ToJsonString(), random), random),
            5 => Placed(root!, node, Moved(node, random), random),
            _ => Placed(root!, node, s_edges[random.Next(s_edges.Length)], random),
        };
    }

    private static void Collect(JsonNode? node, List<JsonNode> nodes, int depth)
    {
        if (node is null || depth > 60)
        {
            return;
        }
        if (depth > 0)
        {
            nodes.Add(node);
        }
        foreach (JsonNode? child in node switch { JsonObject map => map.Select(pair => pair.Value), JsonArray list => list, _ => [] })
        {
            Collect(child, nodes, depth + 1);
        }
    }

    /// <summary>A raw value cannot stand in a tree of nodes: a mark stands for it until the text is written.</summary>
    private static string Placed(JsonNode root, JsonNode node, string raw, Random random)
    {
        string mark = $"mark{random.Next()}";
        node.ReplaceWith(mark);
        return root.ToJsonString().Replace($"\"{mark}\"", raw, StringComparison.Ordinal);
    }

    private static string Without(JsonNode root, JsonNode node)
    {
        if (node.Parent is JsonObject map)
        {
            map.Remove(node.GetPropertyName());
        }
        else if (node.Parent is JsonArray list)
        {
            list.Remove(node);
        }
        return root.ToJsonString();
    }

    /// <summary>An element twice, or a member with a name that is there already.</summary>
    private static string Doubled(JsonNode root, JsonNode node, Random random)
    {
        if (node.Parent is JsonArray list)
        {
            for (int copies = random.Next(1, 200); copies > 0; copies--)
            {
                list.Add(node.DeepClone());
            }
            return root.ToJsonString();
        }
        if (node.Parent is not JsonObject)
        {
            return root.ToJsonString();
        }
        string name = JsonSerializer.Serialize(node.GetPropertyName()), own = node.ToJsonString();
        string text = root.ToJsonString();
        return text.Replace($"{name}:{own}", $"{name}:{own},{name}:{s_edges[random.Next(s_edges.Length)]}", StringComparison.Ordinal);
    }

    private static string Renamed(JsonNode root, JsonNode node, List<JsonNode> nodes, Random random)
    {
        if (node.Parent is not JsonObject map)
        {
            return root.ToJsonString();
        }
        string[] names = [.. nodes.Where(n => n.Parent is JsonObject).Select(n => n.GetPropertyName()), "", "__metadata__", new string('n', 2000)];
        string name = names[random.Next(names.Length)];
        map.Remove(node.GetPropertyName());
        map[name] = node;
        return root.ToJsonString();
    }

    private static string Nested(string value, Random random)
    {
        int depth = random.Next(3) == 0 ? random.Next(60, 3000) : random.Next(1, 8);
        return random.Next(2) == 0
            ? new string('[', depth) + value + new string(']', depth)
            : string.Concat(Enumerable.Repeat("{\"a\":", depth)) + value + new string('}', depth);
    }

    /// <summary>A number beside it, a text of another length.</summary>
    private static string Moved(JsonNode node, Random random)
    {
        if (node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out long number))
        {
            long moved = random.Next(5) switch { 0 => unchecked(number + 1), 1 => unchecked(number - 1), 2 => unchecked(number * 2), 3 => unchecked(-number), _ => unchecked(number << random.Next(63)) };
            return moved.ToString(CultureInfo.InvariantCulture);
        }
        if (node is JsonValue text && text.GetValueKind() == JsonValueKind.String)
        {
            string own = text.GetValue<string>();
            string changed = random.Next(4) switch
            {
                0 => own[..random.Next(own.Length + 1)],
                1 => own.ToUpperInvariant(),
                2 => string.Concat(Enumerable.Repeat(own, random.Next(2, 50))),
                _ => own.Insert(random.Next(own.Length + 1), new[] { " ", "\u0000", "\u202e", "<|end|>", "\ufffd", "🐸" }[random.Next(6)]),
            };
            return JsonSerializer.Serialize(changed);
        }
        return node.ToJsonString() + ",0";
    }
}
