using System.Globalization;
using System.Security;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Sluice.Cli.Demo;

/// <summary>
/// Draws what a terminal would show as SVG, cell by cell, in a window's frame. Lines between cells are paths and every text states its width, so that
/// it looks the same whatever font the reader has.
/// </summary>
internal static class TablePicture
{
    // pixels; a cell is one character
    private const double CellWidth = 8.4, CellHeight = 21, FontSize = 14, Margin = 22, Bar = 36;
    private const int MostColumns = 110;
    private const string Ground = "#11151c", Head = "#1b212b", Frame = "#2f3846", Line = "#465266", Plain = "#c8d1dc", Strong = "#f2f5f9", Good = "#6cd08c", Bad = "#ff7b72";

    /// <summary>Which neighbours a line of the border reaches: up, right, down, left.</summary>
    private static readonly Dictionary<char, (bool Up, bool Right, bool Down, bool Left)> s_lines = new()
    {
        ['─'] = (false, true, false, true),
        ['│'] = (true, false, true, false),
        ['╭'] = (false, true, true, false),
        ['╮'] = (false, false, true, true),
        ['╰'] = (true, true, false, false),
        ['╯'] = (true, false, false, true),
        ['├'] = (true, true, true, false),
        ['┤'] = (true, false, true, true),
        ['┬'] = (false, true, true, true),
        ['┴'] = (true, true, false, true),
        ['┼'] = (true, true, true, true),
    };

    public static void Draw(string title, IRenderable content, TextWriter output)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null), Ansi = AnsiSupport.Yes });
        console.Profile.Width = MostColumns;
        console.Profile.Capabilities.Unicode = true;
        List<List<(char Character, Style Style)>> lines = Cells(content.GetSegments(console));
        double width = (lines.Max(line => line.Count) * CellWidth) + (2 * Margin), height = (lines.Count * CellHeight) + Bar + (2 * Margin) - 6;
        output.WriteLine(Text($"""<svg xmlns="http://www.w3.org/2000/svg" width="{width:0.#}" height="{height:0.#}" viewBox="0 0 {width:0.#} {height:0.#}" role="img" aria-label="{SecurityElement.Escape(title)}">"""));
        output.WriteLine(Text($"""<rect x=".5" y=".5" width="{width - 1:0.#}" height="{height - 1:0.#}" rx="10" fill="{Ground}" stroke="{Frame}"/>"""));
        output.WriteLine(Text($"""<path d="M.5 {Bar}V10.5a10 10 0 0 1 10-10H{width - 10.5:0.#}a10 10 0 0 1 10 10V{Bar}Z" fill="{Head}" stroke="{Frame}"/>"""));
        foreach ((string colour, int at) in new[] { ("#ff5f57", 0), ("#febc2e", 1), ("#28c840", 2) })
            output.WriteLine(Text($"""<circle cx="{22 + (at * 20)}" cy="{Bar / 2:0.#}" r="6" fill="{colour}"/>"""));
        output.WriteLine(Text($"""<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="{FontSize}" fill="{Plain}" xml:space="preserve">"""));
        output.WriteLine(Text($"""<text x="{width / 2:0.#}" y="{(Bar / 2) + 5:0.#}" text-anchor="middle" fill="#8b97a7">{SecurityElement.Escape(title)}</text>"""));
        string border = "";
        for (int row = 0; row < lines.Count; row++) border += DrawRow(lines[row], row, output);
        output.WriteLine("</g>");
        output.WriteLine(Text($"""<path d="{border.TrimEnd()}" fill="none" stroke="{Line}" stroke-linecap="square"/>"""));
        output.WriteLine("</svg>");
    }

    /// <summary>Lines of cells, empty ones at the end left out. A segment may go over several lines, and hold border and text at once.</summary>
    private static List<List<(char Character, Style Style)>> Cells(IEnumerable<Segment> segments)
    {
        List<List<(char, Style)>> lines = [[]];
        foreach (Segment segment in segments.Where(segment => !segment.IsControlCode))
        {
            foreach (char character in segment.Text)
            {
                if (character == '\n') lines.Add([]);
                else lines[^1].Add((character, segment.Style));
            }
        }
        while (lines.Count > 1 && lines[^1].Count == 0) lines.RemoveAt(lines.Count - 1);
        return lines;
    }

    /// <summary>Writes the texts of a row, each of one style and without two spaces in it; returns its border lines as a path.</summary>
    private static string DrawRow(List<(char Character, Style Style)> line, int row, TextWriter output)
    {
        string border = "";
        for (int at = 0; at < line.Count; at++)
        {
            (char character, Style style) = line[at];
            border += Strokes(character, at, row);
            if (character == ' ' || s_lines.ContainsKey(character)) continue;
            int end = at + 1;
            while (end < line.Count && line[end].Style.Equals(style) && !s_lines.ContainsKey(line[end].Character) && (line[end].Character != ' ' || line[end - 1].Character != ' ')) end++;
            string text = string.Concat(line[at..end].Select(cell => cell.Character)).TrimEnd();
            double x = Margin + (at * CellWidth), y = Bar + Margin - 6 + (row * CellHeight) + 15;
            output.WriteLine(Text($"""<text x="{x:0.#}" y="{y:0.#}" textLength="{text.Length * CellWidth:0.#}"{Look(style)}>{SecurityElement.Escape(text)}</text>"""));
            at = end - 1;
        }
        return border;
    }

    private static string Look(Style style)
    {
        string colour = style.Foreground == Color.Green ? Good : style.Foreground == Color.Red ? Bad : style.Decoration.HasFlag(Decoration.Bold) ? Strong : Plain;
        return (colour == Plain ? "" : $" fill=\"{colour}\"") + (style.Decoration.HasFlag(Decoration.Bold) ? " font-weight=\"600\"" : "");
    }

    private static string Strokes(char character, int column, int row)
    {
        if (!s_lines.TryGetValue(character, out (bool Up, bool Right, bool Down, bool Left) line)) return "";
        double x = Margin + ((column + 0.5) * CellWidth), y = Bar + Margin - 6 + ((row + 0.5) * CellHeight);
        double half = CellWidth / 2, tall = CellHeight / 2;
        return character switch
        {
            '╭' => Text($"M{x + half:0.#} {y:0.#}Q{x:0.#} {y:0.#} {x:0.#} {y + tall:0.#}"),
            '╮' => Text($"M{x - half:0.#} {y:0.#}Q{x:0.#} {y:0.#} {x:0.#} {y + tall:0.#}"),
            '╰' => Text($"M{x + half:0.#} {y:0.#}Q{x:0.#} {y:0.#} {x:0.#} {y - tall:0.#}"),
            '╯' => Text($"M{x - half:0.#} {y:0.#}Q{x:0.#} {y:0.#} {x:0.#} {y - tall:0.#}"),
            _ => Arm(line.Up, x, y, 0, -tall) + Arm(line.Right, x, y, half, 0) + Arm(line.Down, x, y, 0, tall) + Arm(line.Left, x, y, -half, 0),
        };
    }

    private static string Arm(bool there, double x, double y, double right, double down) => there ? Text($"M{x:0.#} {y:0.#}l{right:0.#} {down:0.#}") : "";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
