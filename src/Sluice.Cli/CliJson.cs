using System.Text.Json.Serialization;
using Sluice.Batching.Simulation;
using Sluice.Cli.Bench;
using Sluice.Cli.Bench.Batching;
using Sluice.Cli.Demo;
using Sluice.Cli.Keys;
using Sluice.Cli.Models;
using Sluice.Cli.Run;
using Sluice.Cli.Tune;
using Sluice.Engine.Measuring;
using Sluice.Migrations;
using Sluice.Store.Checking;

namespace Sluice.Cli;

/// <summary>What commands print with <c>--json</c>: snake case, one line.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ModelReport))]
[JsonSerializable(typeof(BatchingReport))]
[JsonSerializable(typeof(LiveReport))]
[JsonSerializable(typeof(SeedsReport))]
[JsonSerializable(typeof(List<DecisionCost>))]
[JsonSerializable(typeof(DemoReport))]
[JsonSerializable(typeof(DemoFigures))]
[JsonSerializable(typeof(KeyReport))]
[JsonSerializable(typeof(MigrationReport))]
[JsonSerializable(typeof(KeyList))]
[JsonSerializable(typeof(PipelineReport))]
[JsonSerializable(typeof(EngineFigures))]
[JsonSerializable(typeof(IReadOnlyList<SpeculationFigure>))]
[JsonSerializable(typeof(AttentionFigures))]
[JsonSerializable(typeof(RunReport))]
[JsonSerializable(typeof(CheckReport))]
internal sealed partial class CliJson : JsonSerializerContext;
