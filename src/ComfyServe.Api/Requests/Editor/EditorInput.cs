namespace ComfyServe.Api.Requests.Editor;

/// <summary>A socket of a node.</summary>
/// <param name="Name">Name of the input.</param>
/// <param name="Type">Type of what it takes.</param>
/// <param name="Link">Id of the connection that ends there, or null.</param>
/// <param name="HasWidget">Whether it has a value where nothing is connected.</param>
internal readonly record struct EditorInput(string Name, string Type, string? Link, bool HasWidget);
