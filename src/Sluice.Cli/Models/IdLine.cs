using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Sluice.Cli.Models;

/// <summary>Token ids as a line: a JSON array of integers.</summary>
internal static class IdLine
{
    /// <summary>Throws <see cref="FormatException"/> naming the field, the limit and the value, for anything but ids below <paramref name="vocabulary"/>.</summary>
    public static int[] Read(string line, int vocabulary)
    {
        using JsonDocument document = JsonLine.Parse(line, "a JSON array of token ids");
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Array) throw new FormatException($"expected a JSON array of token ids, found {JsonLine.Shown(line)}.");
        int[] ids = new int[root.GetArrayLength()];
        int at = 0;
        foreach (JsonElement element in root.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt32(out int id) || id < 0 || id >= vocabulary)
                throw new FormatException($"ids[{at}]: expected an integer from 0 to {vocabulary - 1}, found {JsonLine.Shown(element.GetRawText())}.");
            ids[at++] = id;
        }
        return ids;
    }

    public static string Write(ReadOnlySpan<int> ids)
    {
        StringBuilder line = new("[");
        foreach (int id in ids)
        {
            if (line.Length > 1) line.Append(',');
            line.Append(CultureInfo.InvariantCulture, $"{id}");
        }
        return line.Append(']').ToString();
    }
}
