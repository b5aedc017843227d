using System.Text.Json.Nodes;
using ComfyServe.Api.Jobs;
using ComfyServe.Api.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;

namespace ComfyServe.Api.Templates;

/// <summary><c>GET /templates</c>, and <c>POST /templates/{name}</c>: a route with parameters of its own for each template.</summary>
internal static class TemplatesApi
{
    public static void MapTemplates(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/templates", List).WithName("templates").WithSummary("The workflow templates and their parameters");
        routes.MapPost("/templates/{name}", RunAsync).ExcludeFromDescription(); // described for each template below
    }

    /// <summary>Describes each template's route in the OpenAPI document.</summary>
    public static Task DescribeAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        var store = (TemplateStore)context.ApplicationServices.GetService(typeof(TemplateStore))!;
        document.Paths ??= [];
        foreach (var template in store.All.Values)
        {
            document.Paths[$"/templates/{template.Name}"] = new OpenApiPathItem
            {
                Operations = new Dictionary<HttpMethod, OpenApiOperation> { [HttpMethod.Post] = Operation(template) },
            };
        }

        return Task.CompletedTask;
    }

    private static IResult List(TemplateStore store)
    {
        var list = new JsonArray();
        foreach (var template in store.All.Values)
        {
            var parameters = new JsonObject();
            foreach (var parameter in template.Parameters)
            {
                parameters[parameter.Name] = new JsonObject
                {
                    ["type"] = parameter.Type,
                    ["description"] = parameter.Description,
                    ["default"] = parameter.Default?.DeepClone(),
                    ["required"] = parameter.Default is null,
                    ["min"] = parameter.Min,
                    ["max"] = parameter.Max,
                    ["choices"] = parameter.Choices is null ? null : new JsonArray([.. parameter.Choices.Select(c => (JsonNode)c)]),
                };
            }

            list.Add((JsonNode)new JsonObject { ["name"] = template.Name, ["description"] = template.Description, ["parameters"] = parameters });
        }

        return Results.Content(new JsonObject { ["templates"] = list }.ToJsonString(), "application/json; charset=utf-8");
    }

    private static async Task<IResult> RunAsync(string name, HttpContext context, JobService jobs, ApiOptions options, RequestReader reader, TemplateStore store)
    {
        if (!store.All.TryGetValue(name, out var template))
        {
            return Answers.Text("detail", $"There is no template of this name; there are: {string.Join(", ", store.All.Keys)}", StatusCodes.Status404NotFound);
        }

        var (request, refusal) = await reader.ReadAsync(context, template);
        return request is null ? refusal! : await GenerateApi.RunRequestAsync(context, jobs, options, request);
    }

    private static OpenApiOperation Operation(WorkflowTemplate template)
    {
        var properties = new Dictionary<string, IOpenApiSchema>
        {
            ["request_id"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Optional id of the request" },
        };
        foreach (var parameter in template.Parameters)
        {
            properties[parameter.Name] = Schema(parameter);
        }

        var input = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = properties,
            Required = template.Parameters.Where(p => p.Default is null).Select(p => p.Name).ToHashSet(),
        };
        var body = new OpenApiSchema { Type = JsonSchemaType.Object, Properties = new Dictionary<string, IOpenApiSchema> { ["input"] = input }, Required = new HashSet<string> { "input" } };
        return new()
        {
            OperationId = $"template_{template.Name}",
            Summary = template.Description.Length > 0 ? template.Description : template.Name,
            RequestBody = new OpenApiRequestBody { Required = true, Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = body } } },
            Responses = new OpenApiResponses { ["200"] = new OpenApiResponse { Description = "The result, as of /generate/sync" } },
        };
    }

    private static OpenApiSchema Schema(TemplateParameter parameter) => new()
    {
        Type = parameter.Type switch
        {
            "integer" => JsonSchemaType.Integer,
            "number" => JsonSchemaType.Number,
            "boolean" => JsonSchemaType.Boolean,
            _ => JsonSchemaType.String,
        },
        Description = parameter.Description,
        Default = parameter.Default?.DeepClone(),
        Minimum = parameter.Min?.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Maximum = parameter.Max?.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Enum = parameter.Choices is null ? null : [.. parameter.Choices.Select(c => (JsonNode)c)],
    };
}
