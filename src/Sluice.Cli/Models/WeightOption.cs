using System.CommandLine;
using Sluice.Engine.Quantization;

namespace Sluice.Cli.Models;

/// <summary><c>--dtype</c>: what weights are kept as once they are loaded.</summary>
internal static class WeightOption
{
    public static Option<string> Create()
    {
        Option<string> option = new("--dtype") { Description = "What weights are kept as: bf16 (whatever the files hold), int8 or int4.", DefaultValueFactory = _ => WeightFormat.Stored.Name() };
        option.AcceptOnlyFromAmong([.. WeightFormats.Names]);
        return option;
    }

    /// <summary><c>--kv-dtype</c>: what keys and values are kept as.</summary>
    public static Option<string> CreateKv()
    {
        Option<string> option = new("--kv-dtype") { Description = "What keys and values are kept as: bf16, f32 or int8.", DefaultValueFactory = _ => KvFormats.Parse(null).Name() };
        option.AcceptOnlyFromAmong([.. KvFormats.Names]);
        return option;
    }
}
