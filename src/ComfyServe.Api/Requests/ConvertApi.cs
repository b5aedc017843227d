using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Api.Requests.Editor;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Api.Requests;

/// <summary><c>POST /workflow/convert</c>: a workflow as the editor saves it, in the engine's format. Path and bodies are those of the extension of this name.</summary>
internal static class ConvertApi
{
    public static void MapConvert(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/workflow/convert", ConvertAsync).WithName("convert").WithSummary("Turn a workflow of the editor into one that /generate runs");

    private static async Task<IResult> ConvertAsync(HttpContext context, CatalogueStore catalogues, ApiOptions options)
    {
        if (await RequestReader.ReadBodyAsync(context.Request, options.MaxBodyBytes) is not { } body)
        {
            return Answers.Text("detail", $"Body is larger than {options.MaxBodyBytes} bytes", StatusCodes.Status413PayloadTooLarge);
        }

        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = JsonLimits.MaxDepth });
            if (!EditorGraph.Is(document.RootElement))
            {
                return Answers.Invalid([new("workflow_format", ["body"], "This is no workflow in the editor's format: it should have 'nodes' and 'links'")]);
            }

            if (await catalogues.GetAsync(context.RequestAborted) is not { } catalogue)
            {
                return Answers.Text("detail", "No engine is connected that could say what the widgets are; retry when /health is well", StatusCodes.Status503ServiceUnavailable);
            }

            var problems = new List<ValidationProblem>();
            var converted = EditorConversion.Convert(document.RootElement, catalogue, new KeyedRandom(Guid.NewGuid(), "choice"), problems, []);
            return problems.Count > 0 ? Answers.Invalid(problems) : Results.Bytes(converted, "application/json; charset=utf-8");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Answers.Invalid([new("json_invalid", ["body"], "JSON decode error")]); // InvalidOperationException: no Unicode
        }
    }
}
