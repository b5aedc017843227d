using System.Text.Json.Nodes;
using ComfyServe.Client;

using var serverless = new Serverless(); // COMFYSERVE_API_KEY, COMFYSERVE_GATEWAY
var endpoint = await serverless.GetEndpointAsync("comfyui-json");
var workflow = JsonNode.Parse(File.ReadAllText("samples/text-to-image.json"));

var payload = new { input = new { workflow_json = workflow } };
var response = await endpoint.RequestAsync("/generate/sync", payload);

foreach (var output in response.EnsureSuccess().Body!["output"]!.AsArray())
{
    Console.WriteLine(output!["url"]);
}
