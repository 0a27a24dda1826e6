namespace Sluice.Service.Cache;

/// <summary>Cuts a text into lines, clauses and tokens.</summary>
internal ref struct GuardReader
{
    private const string Fence = "```";
    private const string Clause = ",;()[]{}";
    private const string Sentence = ".!?\u2026";
    private static readonly char[] TrailingMarks = [.. ".,;:?!\u2026"];

    private readonly string _text;
    private readonly bool _shouted;
    private readonly List<GuardLine> _lines = [];
    private readonly HashSet<string> _neverCloses = []; // from here on: looked for once
    private GuardLine _line = new();
    private List<GuardToken> _clause = [];
    private bool _opensSentence = true;
    private int _at;

    private GuardReader(string text)
    {
        _text = text;
        _shouted = IsShouted(text);
    }

    public static List<GuardLine> Read(string text)
    {
        GuardReader reader = new(text);
        while (reader._at < text.Length)
        {
            reader.Step();
        }
        reader.EndLine();
        return reader._lines;
    }

    private void Step()
    {
        char c = _text[_at];
        if (c == '\n')
        {
            _at++;
            EndLine();
            Indent();
        }
        else if (char.IsWhiteSpace(c))
        {
            _at++;
        }
        else if (_text.AsSpan(_at).StartsWith(Fence))
        {
            Quoted(Fence, Fence, lines: true);
        }
        else if (Closing(c) is char closing)
        {
            Quoted(_text.Substring(_at, 1), closing.ToString(), lines: c != '`');
        }
        else
        {
            int end = _at + 1;
            while (end < _text.Length && !char.IsWhiteSpace(_text[end]) && _text[end] != '`' && Closing(_text[end], end) is null)
            {
                end++;
            }
            string run = _text[_at..end];
            _at = end;
            Run(run);
        }
    }

    /// <summary>The character that ends the quotation which begins here, or null where none begins.</summary>
    private readonly char? Closing(char c) => Closing(c, _at);

    private readonly char? Closing(char c, int at) => c switch
    {
        '"' => '"',
        '`' => '`',
        '\u201C' => '\u201D',
        '\u00AB' => '\u00BB',
        '\'' or '\u2018' when at == 0 || !char.IsLetterOrDigit(_text[at - 1]) => c == '\'' ? '\'' : '\u2019',
        _ => null,
    };

    private void Quoted(string opening, string closing, bool lines)
    {
        int from = _at + opening.Length;
        int end = _neverCloses.Contains(closing) ? -1 : Find(closing, from);
        if (end < 0)
        {
            _neverCloses.Add(closing);
        }
        if (end < 0 || (!lines && _text.AsSpan(from, end - from).Contains('\n')))
        {
            Add(GuardKind.Literal, opening);
            _at = from;
            return;
        }
        Add(GuardKind.Literal, string.Concat("\u0002", _text.AsSpan(from, end - from)));
        _at = end + closing.Length;
    }

    /// <summary>An apostrophe within a word closes nothing.</summary>
    private readonly int Find(string closing, int from)
    {
        int end = _text.IndexOf(closing, from, StringComparison.Ordinal);
        while (end >= 0 && closing is "'" or "\u2019" && end + 1 < _text.Length && char.IsLetterOrDigit(_text[end + 1]))
        {
            end = _text.IndexOf(closing, end + 1, StringComparison.Ordinal);
        }
        return end;
    }

    /// <summary>A run without white space or quotation: punctuation around a core.</summary>
    private void Run(string run)
    {
        int from = 0, end = run.Length;
        while (from < end && Clause.Contains(run[from]))
        {
            EndClause();
            from++;
        }
        while (end > from && (Clause.Contains(run[end - 1]) || Sentence.Contains(run[end - 1]) || run[end - 1] == ':'))
        {
            end--;
        }
        string core = run[from..end];
        if (from < end && !IsWord(core) && (from > 0 || run.AsSpan(end).ContainsAny(")]}")) && !run.AsSpan(0, from).Contains(',') && !run.AsSpan(0, from).Contains(';'))
        {
            // Brackets around a number or code are part of it: [1,2] is not (1,2).
            Add(GuardKind.Literal, run.TrimEnd(TrailingMarks));
            core = "";
        }
        Core(core);
        foreach (char mark in run.AsSpan(end))
        {
            if (mark == ':')
            {
                Add(GuardKind.Literal, ":");
                EndLine();
            }
            else if (mark == '!' && end > from && char.IsAsciiDigit(run[end - 1]))
            {
                Add(GuardKind.Literal, "!"); // may be a factorial
            }
            else if (Sentence.Contains(mark))
            {
                EndSentence(asks: run.AsSpan(end).Contains('?'));
            }
            else
            {
                EndClause();
            }
        }
    }

    private void Core(string core)
    {
        if (core.Length == 0)
        {
            return;
        }
        if (core is "-" or "--" or "\u2013" or "\u2014" && !(_clause.Count > 0 && _clause[^1].Kind == GuardKind.Literal))
        {
            EndClause();
        }
        else if (GuardNumber.TryRead(core, out string number, out string rest))
        {
            Add(GuardKind.Literal, number);
            if (rest.Length > 0)
            {
                Add(GuardKind.Literal, rest);
            }
        }
        else if (!IsWord(core))
        {
            Add(GuardKind.Literal, core);
        }
        else if (_clause.Count > 0 && _clause[^1].Kind == GuardKind.Literal && char.IsAsciiDigit(_clause[^1].Text[^1]) && core.Length <= 3 && !GuardWords.Short.Contains(core))
        {
            // What stands after a number and is this short is a unit: MB is not Mb.
            Add(GuardKind.Literal, core);
        }
        else
        {
            Word(core);
        }
    }

    private void Word(string core)
    {
        bool name = !_shouted && (core.AsSpan(1).ContainsAnyInRange('A', 'Z') || (char.IsUpper(core[0]) && !_opensSentence));
        string word = core.Replace('\u2019', '\'').ToLowerInvariant();
        // WHO, US and IT name something; Who, Us and It at their place do not.
        if (!name || (GuardWords.IsFunction(word) && !core.AsSpan(1).ContainsAnyInRange('A', 'Z')))
        {
            GuardWords.Expand(word, _clause);
            _opensSentence = false;
            return;
        }
        Add(GuardKind.Name, word);
    }

    private void Add(GuardKind kind, string text)
    {
        _clause.Add(new GuardToken(kind, text));
        _opensSentence = false;
    }

    /// <summary>The depth of an indented line is part of what it says: it may be code.</summary>
    private void Indent()
    {
        int end = _at;
        while (end < _text.Length && _text[end] is ' ' or '\t')
        {
            end++;
        }
        if (end - _at >= 2 && end < _text.Length && _text[end] is not ('\n' or '\r'))
        {
            Add(GuardKind.Literal, _text[_at..end]);
            _opensSentence = true;
        }
        _at = end;
    }

    private void EndClause()
    {
        if (_clause.Count == 0)
        {
            return;
        }
        // After a greeting the sentence has yet to begin.
        _opensSentence = GuardCourtesy.IsCourtesy(_clause);
        _line.Clauses.Add(_clause);
        _clause = [];
    }

    private void EndSentence(bool asks = false)
    {
        EndClause();
        if (_line.Clauses.Count > 0 && _line.SentenceEnds.Add(_line.Clauses.Count - 1) && asks)
        {
            _line.Asked.Add(_line.Clauses.Count - 1);
        }
        _opensSentence = true;
    }

    private void EndLine()
    {
        EndSentence();
        if (_line.Clauses.Count > 0)
        {
            _lines.Add(_line);
            _line = new GuardLine();
        }
    }

    private static bool IsWord(string core)
    {
        foreach (char c in core)
        {
            if (!char.IsLetter(c) && c is not ('\'' or '\u2019' or '-') && char.GetUnicodeCategory(c) is not (System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark))
            {
                return false;
            }
        }
        return char.IsLetter(core[0]);
    }

    /// <summary>No small letter at all: capitals name nothing there.</summary>
    private static bool IsShouted(string text)
    {
        foreach (char c in text)
        {
            if (char.IsLower(c))
            {
                return false;
            }
        }
        return true;
    }
}
