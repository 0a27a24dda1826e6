using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Sluice.Service.Access;
using Sluice.Service.Intake;
using Sluice.Service.Models;
using Sluice.Service.Quotes;
using Sluice.Store;

namespace Sluice.Service.Api;

/// <summary>/v1/models: OpenAI's shape, with what a caller of jobs wants to know beside it.</summary>
internal static class ModelEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder models = routes.MapGroup("/v1/models").WithTags("models");
        models.MapGet("", (ModelCatalog catalog, QuoteBook quotes) =>
                new JsonAnswer<ModelPage>(StatusCodes.Status200OK, new ModelPage([.. catalog.All.Select(model => View(model, quotes))]), ApiJson.Default.ModelPage))
            .Needs(KeyScopes.Read).WithName("listModels").WithSummary("The models that jobs may name.")
            .Answers<ModelPage>(200).Fails(401, 403);
        models.MapGet("{name}", Get)
            .Needs(KeyScopes.Read).WithName("getModel").WithSummary("One model.")
            .Answers<ModelView>(200).Fails(401, 403, 404);
    }

    private static IResult Get(ModelCatalog catalog, QuoteBook quotes, string name) =>
        catalog.TryGet(name, out ServedModel? model)
            ? new JsonAnswer<ModelView>(StatusCodes.Status200OK, View(model, quotes), ApiJson.Default.ModelView)
            : new Problem(StatusCodes.Status404NotFound, "model_not_found", $"There is no model {TextRules.Quote(name)}; known: {string.Join(", ", catalog.All.Select(known => $"'{known.Name}'"))}.");

    private static ModelView View(ServedModel model, QuoteBook quotes) => new(model.Name, model.Revision, model.ContextLength)
    {
        Costs = [.. quotes.Costs(model.Name).Select(cost => new ModelCostView(cost.Backend, cost.Steps, cost.ErrorP50, cost.ErrorP95, cost.SavedAt))],
    };
}

/// <summary>All models.</summary>
internal sealed record ModelPage(IReadOnlyList<ModelView> Data)
{
    public string Object { get; init; } = "list";
}

/// <summary>A model by its name.</summary>
/// <param name="Id">The name that jobs use.</param>
/// <param name="Revision">Changes when config, tokenizer or weights do.</param>
/// <param name="ContextLength">Most tokens, prompt and generated.</param>
internal sealed record ModelView(string Id, string Revision, int ContextLength)
{
    public string Object { get; init; } = "model";

    /// <summary>OpenAI's clients want one; a folder has no birthday.</summary>
    public long Created { get; init; }
    public string OwnedBy { get; init; } = "sluice";

    /// <summary>What workers have learned of its costs, one per backend: estimates of when jobs end come from it.</summary>
    public IReadOnlyList<ModelCostView> Costs { get; init; } = [];
}

/// <summary>How well the time of an engine's step is predicted.</summary>
/// <param name="Backend">Which engine, on how many processors: <c>cpu/avx512 x16</c>.</param>
/// <param name="Steps">Steps learned from; 0 where only whole jobs were.</param>
/// <param name="ErrorP50">Median relative error over the last 1,000 steps.</param>
/// <param name="ErrorP95">95th percentile of the same.</param>
/// <param name="SavedAt">When this was kept.</param>
internal sealed record ModelCostView(string Backend, long Steps, double ErrorP50, double ErrorP95, DateTimeOffset SavedAt);
