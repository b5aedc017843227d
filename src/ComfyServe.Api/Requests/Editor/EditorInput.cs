namespace ComfyServe.Api.Requests.Editor;

/// <summary>A socket of a node.</summary>
/// <param name="Name">Name of the input.</param>
/// <param name="Type">Type of what it takes; <c>*</c> or blank takes anything, a comma stands between several.</param>
/// <param name="Link">Id of the connection that ends there, or null.</param>
/// <param name="Widget">Name of the widget that has its value where nothing is connected, or null.</param>
internal readonly record struct EditorInput(string Name, string Type, string? Link, string? Widget)
{
    /// <summary>Whether it has a value where nothing is connected.</summary>
    public bool HasWidget => Widget is not null;
}
