using System.Globalization;
using Sluice.Engine.Templates.Running;

namespace Sluice.Engine.Templates.Values;

/// <summary>Values as Python's json.dumps writes them. The text is content as a whole where any part of it is.</summary>
/// <param name="indent">Spaces, or other text, per level; null for one line.</param>
internal sealed class JsonPrinter(RenderRun run, string? indent, string itemSeparator, string keySeparator, bool asciiOnly, bool sortsKeys)
{
    private readonly PlainWriter _writer = new(run);

    public TextValue Print(Value value)
    {
        Write(value, 1);
        return _writer.ToText();
    }

    private void Write(Value value, int level)
    {
        run.Evaluate();
        run.Enter();
        switch (value)
        {
            case TextValue text:
                WriteText(text);
                break;
            case ListValue list:
                WriteAll('[', ']', list.Items.Count, level, i => Write(list.Items[i], level + 1));
                break;
            case MapValue map:
                WriteMap(map, level);
                break;
            default:
                WriteScalar(value);
                break;
        }

        run.Leave();
    }

    private void WriteScalar(Value value)
    {
        _writer.SeesContent(value is IntValue { IsContent: true } or FloatValue { IsContent: true });
        _writer.Write(value switch
        {
            NoneValue => "null",
            BoolValue flag => flag.IsTrue ? "true" : "false",
            IntValue number => number.Number.ToString(CultureInfo.InvariantCulture),
            FloatValue number => double.IsFinite(number.Number)
                ? Printer.Float(number.Number)
                : double.IsNaN(number.Number) ? "NaN" : number.Number > 0 ? "Infinity" : "-Infinity",
            _ => throw run.Fail($"{value.Kind} cannot be written as JSON"),
        });
    }

    private void WriteMap(MapValue map, int level)
    {
        IReadOnlyList<KeyValuePair<Value, Value>> entries = sortsKeys ? Sorted(map) : map.Entries;
        WriteAll('{', '}', entries.Count, level, i =>
        {
            if (entries[i].Key is TextValue text)
            {
                WriteText(text);
            }
            else
            {
                _writer.Write('"');
                WriteScalar(entries[i].Key);
                _writer.Write('"');
            }

            _writer.Write(keySeparator);
            Write(entries[i].Value, level + 1);
        });
    }

    private List<KeyValuePair<Value, Value>> Sorted(MapValue map)
    {
        foreach (KeyValuePair<Value, Value> entry in map.Entries)
        {
            if (entry.Key is not TextValue text)
                throw run.Fail("tojson sorts keys that are strings only");
            run.Charge(text.Text.Length * 32L);
        }

        return [.. map.Entries.OrderBy(entry => ((TextValue)entry.Key).Text, StringComparer.Ordinal)];
    }

    private void WriteAll(char open, char close, int count, int level, Action<int> writeOne)
    {
        _writer.Write(open);
        for (int i = 0; i < count; i++)
        {
            if (i > 0)
                _writer.Write(itemSeparator);
            NewLine(level);
            writeOne(i);
        }

        if (count > 0)
            NewLine(level - 1);
        _writer.Write(close);
    }

    private void NewLine(int level)
    {
        if (indent is null)
            return;
        _writer.Write('\n');
        for (int i = 0; i < level; i++)
            _writer.Write(indent);
    }

    private void WriteText(TextValue text)
    {
        _writer.SeesContent(text.HasContent);
        _writer.Write('"');
        foreach (char c in text.Text)
        {
            if (c is '"' or '\\')
                _writer.Write('\\');
            if (c >= ' ' && (c < '\u007f' || !asciiOnly))
                _writer.Write(c);
            else
                _writer.Write(Escape(c));
        }

        _writer.Write('"');
    }

    private static string Escape(char c) => c switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        _ => $"\\u{(int)c:x4}",
    };
}
