//! Categories.

use actix_web::{HttpResponse, delete, get, patch, post, put, web};
use application::catalog::{
    AddCategoryError, ArchiveCategoryError, ArrangeCategoriesError, RenameCategoryError,
};
use domain::CategoryId;
use domain::identity::right::{ServicesRead, ServicesWrite};
use ports::catalog::CategoryView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{Added, parse_name};
use crate::codes::Code;
use crate::envelope::{Envelope, Nothing, Said};
use crate::error::ApiError;
use crate::extract::{StaffMember, Valid};
use crate::state::ApiState;
use crate::wire::WireTime;

/// The name of a category.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub struct CategoryForm {
    #[validate(length(min = 1, max = 255, message = "must be 1 to 255 characters"))]
    #[schema(example = "Instagram Followers", min_length = 1, max_length = 255)]
    name: String,
}

/// A category.
#[derive(Debug, Serialize, ToSchema)]
pub struct CategoryRow {
    id: i64,
    name: String,
    /// Who added it.
    #[serde(rename = "userId")]
    user_id: String,
    #[schema(value_type = String, format = DateTime)]
    updated_at: WireTime,
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
}

/// Lists categories
///
/// Those that were put in an order come first, the others by name.
#[utoipa::path(
    tag = "Categories",
    security(("session" = ["services.read"])),
    responses((status = 200, description = "Every category", body = Envelope<Vec<CategoryRow>>))
)]
#[get("/categories")]
pub async fn list_categories(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ServicesRead>,
) -> Result<HttpResponse, ApiError> {
    let categories = state.catalog.categories.list(&staff).await?;
    let rows: Vec<_> = categories.iter().map(row).collect();
    Ok(Said("CATEGORIES_FETCHED", "Categories fetched successfully").ok(rows))
}

/// Adds a category
#[utoipa::path(
    tag = "Categories",
    security(("session" = ["services.write"])),
    request_body = CategoryForm,
    responses(
        (status = 201, description = "Its id", body = Envelope<Added>),
        (status = 409, description = "`CATEGORY_EXISTS`"),
    )
)]
#[post("/categories")]
pub async fn add_category(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ServicesWrite>,
    Valid(form): Valid<CategoryForm>,
) -> Result<HttpResponse, ApiError> {
    let name = parse_name("name", &form.name)?;
    let id = state
        .catalog
        .categories
        .add(&staff, &name)
        .await
        .map_err(add_error)?;
    Ok(Said("CATEGORY_ADDED", "Category added successfully").created(Added { id: id.0 }))
}

/// The order of categories.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryOrder {
    /// Ids, first to last. Categories that are not named follow by name.
    #[validate(length(min = 1, max = 1000, message = "must be 1 to 1000"))]
    #[schema(example = json!([1]), min_items = 1, max_items = 1000)]
    ids: Vec<i64>,
}

/// Puts categories in an order
#[utoipa::path(
    tag = "Categories",
    security(("session" = ["services.write"])),
    request_body = CategoryOrder,
    responses(
        (status = 200, description = "Done", body = Envelope<Nothing>),
        (status = 404, description = "`CATEGORY_NOT_FOUND`: one of them is not there, or was named twice"),
    )
)]
#[put("/categories/order")]
pub async fn arrange_categories(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ServicesWrite>,
    Valid(form): Valid<CategoryOrder>,
) -> Result<HttpResponse, ApiError> {
    let order: Vec<_> = form.ids.into_iter().map(CategoryId).collect();
    let arranged = state.catalog.categories.arrange(&staff, &order).await;
    arranged.map_err(|error| match error {
        ArrangeCategoriesError::Missing => Code::CategoryNotFound.into(),
        ArrangeCategoriesError::Store(error) => ApiError::from(error),
    })?;
    Ok(Said("CATEGORIES_ARRANGED", "Categories arranged successfully").ok(Nothing))
}

/// Renames a category
#[utoipa::path(
    tag = "Categories",
    security(("session" = ["services.write"])),
    request_body = CategoryForm,
    params(("id" = i64, Path, description = "The category")),
    responses(
        (status = 200, description = "Done", body = Envelope<Nothing>),
        (status = 404, description = "`CATEGORY_NOT_FOUND`"),
        (status = 409, description = "`CATEGORY_EXISTS` or `CATEGORY_RESERVED`"),
    )
)]
#[patch("/categories/{id}")]
pub async fn rename_category(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ServicesWrite>,
    id: web::Path<i64>,
    Valid(form): Valid<CategoryForm>,
) -> Result<HttpResponse, ApiError> {
    let name = parse_name("name", &form.name)?;
    let renamed = state
        .catalog
        .categories
        .rename(&staff, CategoryId(*id), &name)
        .await;
    renamed.map_err(rename_error)?;
    Ok(Said("CATEGORY_UPDATED", "Category updated successfully").ok(Nothing))
}

/// Removes a category
///
/// Its services become uncategorized.
#[utoipa::path(
    tag = "Categories",
    security(("session" = ["services.write"])),
    params(("id" = i64, Path, description = "The category")),
    responses(
        (status = 200, description = "Done", body = Envelope<Nothing>),
        (status = 404, description = "`CATEGORY_NOT_FOUND`"),
        (status = 409, description = "`CATEGORY_RESERVED`"),
    )
)]
#[delete("/categories/{id}")]
pub async fn archive_category(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ServicesWrite>,
    id: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let archived = state.catalog.categories.archive(&staff, CategoryId(*id)).await;
    archived.map_err(archive_error)?;
    Ok(Said("CATEGORY_DELETED", "Category deleted successfully").ok(Nothing))
}

fn row(view: &CategoryView) -> CategoryRow {
    CategoryRow {
        id: view.category.id.0,
        name: view.category.name.to_string(),
        user_id: view.created_by.to_string(),
        updated_at: WireTime(view.category.updated_at),
        created_at: WireTime(view.category.created_at),
    }
}

fn add_error(error: AddCategoryError) -> ApiError {
    match error {
        AddCategoryError::NameTaken => Code::CategoryExists.into(),
        AddCategoryError::Store(error) => error.into(),
    }
}

fn rename_error(error: RenameCategoryError) -> ApiError {
    match error {
        RenameCategoryError::Missing => Code::CategoryNotFound.into(),
        RenameCategoryError::Reserved => Code::CategoryReserved.into(),
        RenameCategoryError::NameTaken => Code::CategoryExists.into(),
        RenameCategoryError::Store(error) => error.into(),
    }
}

fn archive_error(error: ArchiveCategoryError) -> ApiError {
    match error {
        ArchiveCategoryError::Missing => Code::CategoryNotFound.into(),
        ArchiveCategoryError::Reserved => Code::CategoryReserved.into(),
        ArchiveCategoryError::Store(error) => error.into(),
    }
}
