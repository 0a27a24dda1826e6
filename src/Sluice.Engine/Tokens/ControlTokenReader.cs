namespace Sluice.Engine.Tokens;

/// <summary>Finds the control tokens: in the <c>post_processor</c>, then in tokenizer_config.json, which overrides.</summary>
internal sealed class ControlTokenReader(Func<string, int?> idOf, int vocabularySize)
{
    private int? _bos;
    private int? _eos;
    private bool _addBos;

    public ControlTokens Build() => new(_bos, _eos, _addBos);

    public void ReadPostProcessor(JsonField field)
    {
        JsonField type = field.Required("type");
        switch (type.Text())
        {
            case "Sequence":
                foreach (JsonField step in field.Required("processors").Items())
                    ReadPostProcessor(step);
                break;
            case "ByteLevel":
                break;
            case "TemplateProcessing":
                ReadTemplate(field);
                break;
            case "BertProcessing" or "RobertaProcessing":
                _bos = Pair(field.Required("cls"));
                _eos = Pair(field.Required("sep"));
                _addBos = true;
                break;
            default:
                throw type.Unsupported("no such post-processor is known here");
        }
    }

    public void ReadConfig(JsonField config)
    {
        _bos = Named(config, "bos_token") ?? _bos;
        _eos = Named(config, "eos_token") ?? _eos;
        _addBos = config.Flag("add_bos_token", _addBos);
        if (_addBos && _bos is null)
            throw config.Required("add_bos_token").Unsupported("no file names a bos_token");
    }

    private void ReadTemplate(JsonField field)
    {
        bool before = true;
        foreach (JsonField part in field.Required("single").Items())
        {
            if (part.Optional("Sequence", out _))
            {
                before = false;
                continue;
            }

            int id = TemplateId(field, part.Required("SpecialToken").Required("id"));
            if (!before)
            {
                _eos ??= id;
            }
            else if (_addBos)
            {
                throw part.Fault("is a second token before the text; one is supported");
            }
            else
            {
                _bos = id;
                _addBos = true;
            }
        }
    }

    private int TemplateId(JsonField template, JsonField name)
    {
        string text = name.Text();
        // The table's key is only a name; what counts are its ids.
        if (template.Optional("special_tokens", out JsonField table) && table.Optional(text, out JsonField entry))
        {
            JsonField ids = entry.Required("ids");
            JsonField[] items = [.. ids.Items()];
            return items.Length == 1 ? Id(items[0]) : throw ids.Fault($"has {items.Length} ids; one is supported");
        }

        return idOf(text) ?? throw name.Unsupported("there is no such token");
    }

    private int Pair(JsonField field)
    {
        JsonField[] items = [.. field.Items()];
        return items.Length == 2 ? Id(items[1]) : throw field.Fault("must be a token and its id");
    }

    /// <summary>A token by name: a string, or an object with its content.</summary>
    private int? Named(JsonField config, string name)
    {
        if (!config.Optional(name, out JsonField token))
            return null;
        JsonField content = token.Element.ValueKind == System.Text.Json.JsonValueKind.Object ? token.Required("content") : token;
        return idOf(content.Text()) ?? throw content.Unsupported("tokenizer.json has no such token");
    }

    private int Id(JsonField field) => field.Number() is int id && id >= 0 && id < vocabularySize
        ? id
        : throw field.Unsupported($"an id is 0 to {vocabularySize - 1}");
}
